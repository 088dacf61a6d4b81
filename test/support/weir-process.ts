import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const serverProgram = join(root, 'packages/server/src/cli/weir.ts');

/** What every process of weir gets; compiled once, it starts with half of the work. */
const environment = {
  PATH: process.env.PATH,
  NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/weir'),
};

export interface WeirOptions {
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Another program than `weir serve`, such as one with a store that fails. */
  readonly program?: string;
  readonly args?: readonly string[];
}

/** A real server process, on free ports of loopback; killed at the end of `await using`. */
export interface WeirProcess extends AsyncDisposable {
  readonly url: string;
  readonly adminUrl: string;
  /** The development key; with a tenants file the caller has its own. */
  readonly key: string;
  readonly pid: number;
  /** All that it wrote so far, standard output and error. */
  output(): string;
  /** Sends a signal and resolves when the process has ended, with its exit code or signal. */
  end(signal: NodeJS.Signals): Promise<number | string>;
  readonly ended: Promise<number | string>;
}

/** Starts a server and resolves when it says that it is ready; rejects with its output if it ends. */
export async function startWeir(options: WeirOptions): Promise<WeirProcess> {
  const { dataDir, env = {}, program = serverProgram, args = ['serve'] } = options;
  const child = spawn(process.execPath, [program, ...args], {
    cwd: root,
    env: {
      ...environment,
      UV_THREADPOOL_SIZE: '8',
      PORT: '0',
      WEIR_ADMIN_PORT: '0',
      WEIR_DATA_DIR: dataDir,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ended = endOf(child);
  const ready = new Promise<{ port: number; adminPort: number; key: string }>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      const found = readyLine.exec(output);
      // Without a tenants file the key is printed after that line, and on another pipe.
      const isWhole = env.WEIR_TENANTS !== undefined || printedKey.test(output);
      if (found?.[0] !== undefined && isWhole) resolve(JSON.parse(found[0]));
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    void ended.then((how) =>
      reject(new Error(`weir ended (${how}) before it was ready:\n${output}`)),
    );
  });
  const late = setTimeout(() => child.kill('SIGKILL'), mostStartMs); // then `ended` tells
  const { port, adminPort } = await ready.finally(() => clearTimeout(late));
  return {
    url: `http://127.0.0.1:${port}`,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    key: printedKey.exec(output)?.[0] ?? '',
    pid: child.pid as number,
    output: () => output,
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
    ended,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

const mostStartMs = 30_000;
const printedKey = /weir_[0-9a-z]{12}_[0-9A-Za-z]{43}/;
/** The log line that says on which ports the server listens. */
const readyLine = /\{[^\n]*"msg":"ready"[^\n]*\}/;

async function endOf(child: ChildProcess): Promise<number | string> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return code ?? signal ?? 'unknown';
}

export interface Ran {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `weir …` to its end. */
export async function runWeir(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [serverProgram, ...args], {
    cwd: root,
    env: { ...environment, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code: code ?? signal ?? 'unknown', stdout, stderr };
}

/** A folder of its own for a test, removed by `using`'s end. */
export async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'weir-test-'));
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** Asks again until `check` gives a value; fails after `withinMs` with what it was waiting for. */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined> | T | undefined,
  withinMs = 20_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await check();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
