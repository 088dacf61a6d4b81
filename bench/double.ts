import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../packages/s3-double/src/main.ts', import.meta.url));

/** A double of S3 as a program of its own, so that it is in nobody's way. */
export interface BenchDouble {
  /** For a server that is to use it. */
  readonly env: Readonly<Record<string, string>>;
  /** PUTs that were asked of it, and objects that came of them. */
  counts(): Promise<{ readonly puts: number; readonly commits: number }>;
  end(): Promise<void>;
}

/** Starts it with these options; resolves when it listens. */
export async function startDouble(options: readonly string[]): Promise<BenchDouble> {
  const child: ChildProcess = spawn(process.execPath, [program, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ready = Promise.withResolvers<string>();
  child.stdout?.once('data', (chunk) => ready.resolve(`${chunk}`));
  child.once('exit', (code) => ready.reject(new Error(`the double of S3 ended with ${code}`)));
  const { endpoint, control } = JSON.parse(await ready.promise) as Record<string, string>;
  return {
    env: {
      S3_BUCKET: 'weir',
      S3_ENDPOINT: endpoint ?? '',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test-secret',
      AWS_REGION: 'us-east-1',
      LOG_LEVEL: 'fatal',
    },
    async counts() {
      const counts = (await (await fetch(`${control}/counts`)).json()) as {
        readonly requests: { readonly put: number };
        readonly commits: number;
      };
      return { puts: counts.requests.put, commits: counts.commits };
    },
    async end() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
