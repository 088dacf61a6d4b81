import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, setPriority } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { isProgram } from './child-server.ts';

export interface GoSource {
  /** Under which it is looked for on the PATH and kept. */
  readonly program: string;
  readonly version: string;
  /** What `go install` takes, without its version. */
  readonly module: string;
}

/** Whether what is missing may be compiled, which takes minutes. */
export function mayBuild(): boolean {
  return process.env.WEIR_TEST_REAL === '1';
}

/** A program written in Go, found on this machine or compiled once into a cache outside the checkout. */
export class GoProgram {
  readonly #source: GoSource;
  readonly #cache: string;
  /** Holds the process id of whoever is compiling it just now. */
  readonly #lock: string;
  #building: ChildProcess | undefined;

  constructor(source: GoSource) {
    const { WEIR_TEST_CACHE: folder = join(homedir(), '.cache/weir-test') } = process.env;
    this.#source = source;
    this.#cache = join(resolve(folder), `${source.program}-${source.version}`);
    this.#lock = join(this.#cache, 'building');
  }

  /** Where it lies, on the PATH or in the cache; undefined where it would have to be compiled. */
  find(): string | undefined {
    const folders = [...(process.env.PATH ?? '').split(delimiter), this.#cache];
    return folders.map((folder) => join(folder, this.#source.program)).find(isProgram);
  }

  /** The path of the program; compiles it, or waits for who does so already. */
  async provide(): Promise<string> {
    for (;;) {
      const found = this.find();
      if (found !== undefined) return found;
      if (await this.#takeLock())
        await this.#build().finally(() => rm(this.#lock, { force: true }));
      else await new Promise((later) => setTimeout(later, 500));
    }
  }

  /** Ends what nobody waits for any more. */
  async abandon(): Promise<void> {
    if (this.#building === undefined) return;
    this.#building.kill();
    await rm(this.#lock, { force: true });
  }

  async #build(): Promise<void> {
    const { module, version, program } = this.#source;
    const own = join(this.#cache, `build-${process.pid}`);
    await mkdir(own, { recursive: true });
    try {
      await this.#run('go', ['install', '-ldflags=-s', `${module}@v${version}`], { GOBIN: own });
      const made = module.split('/').at(-1) as string;
      await rename(join(own, made), join(this.#cache, program)); // whole or not at all
    } finally {
      await rm(own, { recursive: true, force: true });
    }
  }

  async #run(
    command: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<void> {
    const { promise: ended, resolve: end, reject } = Promise.withResolvers<number | null>();
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#building = child;
    child.on('error', reject).on('close', end);
    let said = '';
    child.stderr.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-4_000);
    });
    if (child.pid !== undefined) setPriority(child.pid, 10); // the tests that run meanwhile go first
    const code = await ended.finally(() => {
      this.#building = undefined;
    });
    if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${said}`);
  }

  /** False where another process that still lives has it. */
  async #takeLock(): Promise<boolean> {
    await mkdir(this.#cache, { recursive: true });
    const taken = writeFile(this.#lock, `${process.pid}`, { flag: 'wx' });
    if (await taken.then(() => true, isTaken)) return true;
    const owner = Number(await readFile(this.#lock, 'utf8').catch(() => ''));
    if (owner > 0 && !isAlive(owner)) await rm(this.#lock, { force: true });
    return false;
  }
}

function isTaken(error: unknown): boolean {
  if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
  throw error;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
