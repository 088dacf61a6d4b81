import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startCollector } from './collector.ts';
import { drive, type LoadResult } from './load.ts';
import { cpuSeconds, residentMiB } from './machine.ts';
import { startBenchRedis } from './redis.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const serverCore = '0';
/** Until V8 has compiled both threads' hot code: in the first seconds its own threads take a sixth. */
const warmUpSeconds = 6;

/** A server to be measured, and what is sent to it. */
export interface Contender {
  readonly name: string;
  /** Program and arguments below the root. */
  readonly program: readonly string[];
  /** What runs it: this Node, unless said. */
  readonly runtime?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly body: string;
  readonly eventsPerRequest: number;
  /** Whether it keeps its limits in a Redis, which runs on the generator's core. */
  readonly withRedis?: boolean;
  /** Whether one request in a hundred is traced, for a collector on the generator's core. */
  readonly isTraced?: boolean;
  /** Whether refusals are what is wanted. */
  readonly refuses?: boolean;
  /** Whether all that was answered 2xx must be found in the store afterwards. */
  readonly stores?: boolean;
}

export interface Measured extends LoadResult {
  readonly cpuUs: number;
  readonly rssMiB: number;
  readonly peakRssMiB: number;
}

/** A server that runs on the core of servers. */
export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly url: string;
  readonly adminUrl: string;
  readonly key: string;
}

/** Starts it on an empty folder, warms it up, measures, stops it. */
export async function measure(contender: Contender, seconds: number): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-bench-'));
  const redis = contender.withRedis ? await startBenchRedis() : undefined;
  const collector = contender.isTraced ? await startCollector('well') : undefined;
  const server = await start(contender, folder, {
    ...(redis && { REDIS_URL: redis.url }),
    ...(collector && {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_TRACES_SAMPLER_ARG: '0.01',
    }),
  });
  try {
    const load = {
      url: `${server.url}/v1/events`,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${server.key}` },
      body: contender.body,
      connections: 64,
    };
    const warm = await drive({ ...load, seconds: warmUpSeconds });
    execFileSync('sync');
    const cpuBefore = cpuSeconds(server.pid);
    const result = await drive({ ...load, seconds });
    const cpu = cpuSeconds(server.pid) - cpuBefore;
    const memory = residentMiB(server.pid);
    checkAnswers(contender, result);
    await stop(server);
    if (contender.stores) await checkStored(contender, folder, warm.requests + result.requests);
    return {
      ...result,
      cpuUs: (cpu * 1e6) / result.requests,
      rssMiB: memory.now,
      peakRssMiB: memory.peak,
    };
  } finally {
    await stop(server);
    redis?.end();
    collector?.end();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Starts it with its data in `folder`, and waits until it is ready. */
export async function start(
  { program, runtime = process.execPath, env }: Pick<Contender, 'program' | 'runtime' | 'env'>,
  folder: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Running> {
  const port = randomInt(10_000, 15_000) * 2;
  const child = spawn('taskset', ['-c', serverCore, runtime, ...program], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      UV_THREADPOOL_SIZE: '8',
      PORT: `${port}`,
      WEIR_ADMIN_PORT: `${port + 1}`,
      WEIR_DATA_DIR: folder,
      ...env,
      ...more,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk;
      if (output.includes('ready')) resolve();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', () => reject(new Error(`ended before it was ready:\n${output}`)));
  });
  const devKey = await readFile(join(folder, 'dev-key'), 'utf8').catch(() => '');
  const key = env?.BENCH_KEY ?? devKey.trim();
  const url = `http://127.0.0.1:${port}`;
  return { child, pid: child.pid as number, url, adminUrl: `http://127.0.0.1:${port + 1}`, key };
}

/** A clean stop, which delivers what it can. */
export async function stop({ child }: Running): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

function checkAnswers({ name, refuses = false }: Contender, result: LoadResult): void {
  const wrong = refuses ? result.requests - result.refused : result.refused;
  if (wrong > result.requests / 1_000 || result.errors > 0) {
    throw new Error(`${name}: ${wrong} unexpected answers, ${result.errors} broken connections`);
  }
}

/** Lets a server deliver what is left, then asks `weir verify` how many events there are. */
async function checkStored(contender: Contender, folder: string, requests: number): Promise<void> {
  const rest = await start(contender, folder, { MAX_WORKERS: '4', WEIR_DRAIN_MS: '600000' });
  await stop(rest); // a stop delivers what it can before it ends
  const verify = [join(root, 'packages/server/src/cli/weir.ts'), 'verify', '--json'];
  const text = execFileSync(process.execPath, verify, {
    env: { PATH: process.env.PATH, WEIR_DATA_DIR: folder },
    maxBuffer: 2 ** 30,
  }).toString();
  const { total } = JSON.parse(text) as { total: { stored: number } };
  const lost = requests * contender.eventsPerRequest - total.stored;
  if (!(lost <= 0)) throw new Error(`${contender.name}: ${lost} events lost`);
}
