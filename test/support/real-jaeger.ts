import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { freePort, listening, saidBy } from './child-server.ts';
import { mayBuild } from './go-program.ts';
import { jaeger } from './jaeger-program.ts';

/** A span as Jaeger's API tells it. */
export interface JaegerSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly operationName: string;
  /** `CHILD_OF` the parent; `FOLLOWS_FROM` a link. */
  readonly references: readonly {
    readonly refType: 'CHILD_OF' | 'FOLLOWS_FROM';
    readonly traceID: string;
    readonly spanID: string;
  }[];
  /** Microseconds since 1970. */
  readonly startTime: number;
  /** Microseconds. */
  readonly duration: number;
  readonly tags: readonly { readonly key: string; readonly value: unknown }[];
  readonly processID: string;
}

export interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly JaegerSpan[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
}

/** A Jaeger that runs: its API, and where it takes OTLP over HTTP. */
export interface RealJaeger extends AsyncDisposable {
  readonly url: string;
  readonly otlpUrl: string;
  /** undefined where it has nothing of this trace yet. */
  trace(id: string): Promise<JaegerTrace | undefined>;
}

const startWithinMs = 900_000; // compiling included, on a machine that is busy with other tests

/**
 * Tests a promise with a real Jaeger. Where there is none, one test is skipped that says by its name
 * what was not checked; in CI it fails.
 */
export function onRealJaeger(promise: string, tests: (server: () => RealJaeger) => void): void {
  if (jaeger.find() === undefined && !mayBuild()) {
    const missing = 'Jaeger is not installed and WEIR_TEST_REAL=1, which compiles it, is not set';
    test.skipIf(process.env.CI !== 'true')(`not checked: ${promise}, for ${missing}`, () => {
      throw new Error(missing);
    });
    return;
  }
  describe(promise, () => {
    let server: RealJaeger | undefined;
    beforeAll(async () => {
      server = await startJaeger();
    }, startWithinMs);
    afterAll(() => server?.[Symbol.asyncDispose]());
    tests(() => {
      if (server === undefined) throw new Error('Jaeger has not been started');
      return server;
    });
  });
}

/** On free ports of loopback alone: by default it listens everywhere. */
export async function startJaeger(): Promise<RealJaeger> {
  const program = await jaeger.provide();
  const [otlp, query] = [await freePort(), await freePort()];
  const child = spawn(program, await argumentsFor(otlp, query), {
    env: { PATH: process.env.PATH, SPAN_STORAGE_TYPE: 'memory', COLLECTOR_OTLP_ENABLED: 'true' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit');
  const ready = Promise.all([listening(otlp), listening(query)]);
  await Promise.race([ready, saidBy('Jaeger', child)]);
  const url = `http://127.0.0.1:${query}`;
  return {
    url,
    otlpUrl: `http://127.0.0.1:${otlp}`,
    trace: (id) => traceOf(url, id),
    [Symbol.asyncDispose]: async () => {
      process.off('exit', kill);
      kill();
      await ended;
    },
  };
}

async function argumentsFor(otlp: number, query: number): Promise<string[]> {
  const flags = [
    'admin.http.host-port',
    'collector.grpc-server.host-port',
    'collector.http-server.host-port',
    'collector.otlp.grpc.host-port',
    'query.grpc-server.host-port',
    'http-server.host-port',
    'processor.jaeger-binary.server-host-port',
    'processor.jaeger-compact.server-host-port',
    'processor.zipkin-compact.server-host-port',
  ];
  const given = await Promise.all(
    flags.map(async (flag) => `--${flag}=127.0.0.1:${await freePort()}`),
  );
  const collector = given[1]?.split('=')[1] ?? '';
  return [
    ...given,
    `--reporter.grpc.host-port=${collector}`,
    `--collector.otlp.http.host-port=127.0.0.1:${otlp}`,
    `--query.http-server.host-port=127.0.0.1:${query}`,
    '--memory.max-traces=10000',
    '--log-level=warn',
  ];
}

async function traceOf(url: string, id: string): Promise<JaegerTrace | undefined> {
  const reply = await fetch(`${url}/api/traces/${id}`);
  if (!reply.ok) return undefined;
  const { data } = (await reply.json()) as { data: readonly JaegerTrace[] };
  return data[0];
}
