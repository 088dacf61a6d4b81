import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { freePort, listening, saidBy } from './child-server.ts';
import { mayBuild } from './go-program.ts';
import { findVersitygw, provideVersitygw } from './provide-versitygw.ts';
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
export async function startVersitygw(program: string): Promise<RealS3> {
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
  await Promise.race([listening(port), saidBy('versitygw', child)]);
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
