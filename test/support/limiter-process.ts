import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What a process with a limiter of its own is asked to do. */
export interface LimiterLoad {
  readonly urls: readonly string[];
  readonly tokens: number;
  readonly periodUs: number;
  readonly burst: number;
  readonly deadlineMs: number;
  /** They take turns. */
  readonly tenants: number;
  /** Where `seconds` is 0, so many at one instant. */
  readonly perSecond: number;
  readonly seconds: number;
}

export interface LimiterResult {
  readonly tookMs: number;
  readonly asked: number;
  readonly allowed: number;
  /** When it asked last. */
  readonly untilMs: number;
  readonly failed: number;
  readonly ghosts: number;
  readonly damaged: number;
  /** Wall clock, which all processes share. */
  readonly allowedAtMs: readonly number[];
  /** When Redis had decided. */
  readonly redisAtMs: readonly number[];
  /** When Redis decided last, tenant by tenant. */
  readonly perTenant: readonly number[];
  /** In order of size. */
  readonly waitsMs: readonly number[];
  readonly localWaitsMs: readonly number[];
  /** How long the process was held up by others on its machine; no wait has that in it. */
  readonly pausedMs: number;
  readonly servers: number;
  readonly reasons: readonly string[];
}

export interface LimiterProcesses {
  /** Lets all begin; resolves when all have ended. */
  run(): Promise<readonly LimiterResult[]>;
  readonly pids: readonly number[];
}

const program = fileURLToPath(new URL('./limiter-load.ts', import.meta.url));

/** Resolves when all of them are ready to begin. */
export async function startLimiters(count: number, load: LimiterLoad): Promise<LimiterProcesses> {
  const started = await Promise.all(Array.from({ length: count }, () => startLimiter(load)));
  return {
    pids: started.map(({ pid }) => pid),
    run: () => Promise.all(started.map(({ run }) => run())),
  };
}

async function startLimiter(load: LimiterLoad) {
  const child = spawn(process.execPath, [program, JSON.stringify(load)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  return {
    pid: child.pid as number,
    async run(): Promise<LimiterResult> {
      child.stdin.write('go\n');
      const { value } = await lines.next();
      await ended;
      process.off('exit', kill);
      return JSON.parse(value ?? 'null') as LimiterResult;
    },
  };
}
