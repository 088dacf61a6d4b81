import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { findVersitygw, mayBuild, provideVersitygw } from './provide-versitygw.ts';
import { temporaryFolder } from './weir-process.ts';

/** A server that speaks S3 and is not ours. */
export interface RealS3 extends AsyncDisposable {
  readonly name: string;
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** The `AWS_*` variables for who uses it. */
  readonly env: Readonly<Record<string, string>>;
}

/** Compiling included, on a machine that is busy with other tests. */
const startWithinMs = 900_000;

/**
 * Tests a promise against the server that `WEIR_TEST_S3_ENDPOINT` names, else against versitygw.
 * Where there is none, one test is skipped that says by its name what was not checked; in CI it
 * fails. The tests find the server's `AWS_*` variables set.
 */
export function onRealS3(promise: string, tests: (server: () => RealS3) => void): void {
  const missing = whyMissing();
  if (missing !== undefined) {
    test.skipIf(process.env.CI !== 'true')(`not checked: ${promise}, for ${missing}`, () => {
      throw new Error(missing);
    });
    return;
  }
  describe(promise, () => {
    let server: RealS3 | undefined;
    const environment = { ...process.env };
    beforeAll(async () => {
      server = await startRealS3();
      Object.assign(process.env, server.env);
    }, startWithinMs);
    afterAll(async () => {
      process.env = environment;
      await server?.[Symbol.asyncDispose]();
    });
    tests(() => {
      if (server === undefined) throw new Error('the server has not been started');
      return server;
    });
  });
}

function whyMissing(): string | undefined {
  const isThere = process.env.WEIR_TEST_S3_ENDPOINT !== undefined || findVersitygw() !== undefined;
  if (isThere || mayBuild()) return undefined;
  return 'versitygw is not installed and WEIR_TEST_REAL=1, which compiles it, is not set';
}

async function startRealS3(): Promise<RealS3> {
  const { WEIR_TEST_S3_ENDPOINT: endpoint, WEIR_TEST_S3_BUCKET: bucket } = process.env;
  if (endpoint === undefined) return await startVersitygw(await provideVersitygw());
  if (bucket === undefined) throw new Error('WEIR_TEST_S3_ENDPOINT needs WEIR_TEST_S3_BUCKET');
  const region = process.env.AWS_REGION ?? 'us-east-1';
  const nothing = async () => {};
  return { name: endpoint, endpoint, region, bucket, env: {}, [Symbol.asyncDispose]: nothing };
}

/** On a free port of loopback and a folder of its own, both given up at the end. */
async function startVersitygw(program: string): Promise<RealS3> {
  const folder = await temporaryFolder();
  const bucket = 'weir';
  await mkdir(join(folder.path, bucket));
  const env = {
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test-secret',
    AWS_REGION: 'us-east-1',
  };
  const port = await freePort();
  const keys = ['--access', env.AWS_ACCESS_KEY_ID, '--secret', env.AWS_SECRET_ACCESS_KEY];
  const args = ['--quiet', ...keys, '--port', `127.0.0.1:${port}`, 'posix', folder.path];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill); // also where the tests are cut off
  const ended = once(child, 'exit');
  await Promise.race([listening(port), failure(child)]);
  return {
    name: 'versitygw',
    endpoint: `http://127.0.0.1:${port}`,
    region: env.AWS_REGION,
    bucket,
    env,
    [Symbol.asyncDispose]: async () => {
      process.off('exit', kill);
      kill();
      await ended;
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function failure(child: ChildProcessByStdio<null, Readable, Readable>): Promise<never> {
  let said = '';
  for (const pipe of [child.stdout, child.stderr]) {
    pipe.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-4_000);
    });
  }
  const how = await once(child, 'close');
  throw new Error(`versitygw ended (${how}) before it was ready:\n${said}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('there is no port');
  return address.port;
}

/** Resolves when something takes connections there. */
async function listening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await new Promise((later) => setTimeout(later, 20));
    } finally {
      socket.destroy();
    }
  }
}
