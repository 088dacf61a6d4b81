import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Redis } from 'ioredis';

const programs = ['redis-server', 'valkey-server'];

/** A real Redis of a test's own, on a free port of loopback; nothing of it is kept. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** SIGSTOP: it takes connections and never answers. */
  pause(): void;
  resume(): void;
  /** SIGKILL; resolves once it is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty. */
  restart(): Promise<void>;
  /** One command on a connection of its own. */
  command(name: string, ...args: readonly (string | number)[]): Promise<unknown>;
}

/** The path of a program; undefined where there is none on the PATH. */
export function findRedisServer(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return programs.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
}

/** Starts one and resolves when it answers. Throws where none is installed. */
export async function startRedisServer(
  options: { readonly port?: number; readonly args?: readonly string[] } = {},
): Promise<RedisServer> {
  const program = findRedisServer();
  if (program === undefined) throw new Error(`none of ${programs.join(', ')} is on the PATH`);
  const folder = await mkdtemp(join(tmpdir(), 'weir-redis-'));
  const port = options.port ?? (await freePort());
  const here = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder];
  const args = [...here, '--save', '', '--repl-diskless-sync-delay', '0'];
  const own = { child: await launch(program, [...args, ...(options.args ?? [])], port) };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return own.child.pid as number;
    },
    pause: () => void own.child.kill('SIGSTOP'),
    resume: () => void own.child.kill('SIGCONT'),
    kill: () => end(own.child),
    async restart() {
      await end(own.child);
      own.child = await launch(program, [...args, ...(options.args ?? [])], port);
    },
    command: (name, ...rest) => command(port, name, ...rest),
    async [Symbol.asyncDispose]() {
      await end(own.child);
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

async function command(
  port: number,
  name: string,
  ...args: readonly (string | number)[]
): Promise<unknown> {
  const client = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: null });
  let said: Error | undefined; // what `connect` rejects with says nothing
  client.on('error', (error: Error) => {
    said ??= error;
  });
  try {
    await client.connect();
    return await client.call(name, ...args.map(String));
  } catch (error) {
    throw said ?? error;
  } finally {
    client.disconnect();
  }
}

async function launch(program: string, args: readonly string[], port: number) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill); // also where the tests are cut off
  child.once('exit', () => process.off('exit', kill));
  let said = '';
  for (const pipe of [child.stdout, child.stderr]) {
    pipe.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-4_000);
    });
  }
  const failed = once(child, 'exit').then(() => {
    throw new Error(`${program} ended before it was ready:\n${said}`);
  });
  failed.catch(() => undefined);
  for (;;) {
    const answer = await Promise.race([command(port, 'PING').catch(String), failed]);
    if (answer === 'PONG' || `${answer}`.includes('NOAUTH')) return child;
    await new Promise((later) => setTimeout(later, 10));
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** A port of loopback that nobody has at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('there is no port');
  return address.port;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
