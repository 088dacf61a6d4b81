import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { findRedisServer, freePort } from '@weir/server/redis/redis-server.model';

/** A Redis for a bench, on the core that servers do not have. */
export interface BenchRedis {
  readonly url: string;
  readonly pid: number;
  end(): void;
}

export async function startBenchRedis(): Promise<BenchRedis> {
  const server = findRedisServer();
  if (server === undefined) throw new Error('this bench needs redis-server or valkey-server');
  const port = await freePort();
  const args = ['-c', '1', server, '--port', `${port}`, '--bind', '127.0.0.1', '--save', ''];
  const child = spawn('taskset', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  for (let said = ''; !said.includes('Ready to accept'); ) {
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
    said += chunk;
  }
  child.stdout.resume();
  return { url: `redis://127.0.0.1:${port}`, pid: child.pid as number, end };
}
