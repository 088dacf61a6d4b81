import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, setPriority } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

const version = '1.8.0';
const source = `github.com/versity/versitygw/cmd/versitygw@v${version}`;
const program = 'versitygw';

/** Outside the checkout, so that it is compiled once a machine. */
const cache = join(
  resolve(process.env.WEIR_TEST_CACHE ?? join(homedir(), '.cache/weir-test')),
  `versitygw-${version}`,
);
/** Holds the process id of whoever is compiling it just now. */
const lock = join(cache, 'building');

/** Where it lies, on the PATH or in the cache; undefined where it would have to be compiled. */
export function findVersitygw(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), cache];
  return folders.map((folder) => join(folder, program)).find(isProgram);
}

/** Whether what is missing may be compiled, which takes minutes. */
export function mayBuild(): boolean {
  return process.env.WEIR_TEST_REAL === '1';
}

/** The path of the program; compiles it, or waits for who does so already. */
export async function provideVersitygw(): Promise<string> {
  for (;;) {
    const found = findVersitygw();
    if (found !== undefined) return found;
    if (await takeLock()) await build().finally(() => rm(lock, { force: true }));
    else await new Promise((later) => setTimeout(later, 500));
  }
}

/**
 * Starts to compile what will be needed, and lets the tests begin.
 *
 * @public for vitest's `globalSetup`
 */
export function setup(): void {
  // Where it fails, the tests that need it try once more and tell why.
  if (mayBuild()) void provideVersitygw().catch(() => undefined);
}

/**
 * Ends what nobody waits for any more.
 *
 * @public for vitest's `globalSetup`
 */
export async function teardown(): Promise<void> {
  if (building === undefined) return;
  building.kill();
  await rm(lock, { force: true });
}

let building: ChildProcess | undefined;

async function build(): Promise<void> {
  const own = join(cache, `build-${process.pid}`);
  await mkdir(own, { recursive: true });
  try {
    await run('go', ['install', '-ldflags=-s', source], { GOBIN: own });
    await rename(join(own, program), join(cache, program)); // whole or not at all
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

async function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const { promise: ended, resolve: end, reject } = Promise.withResolvers<number | null>();
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  building = child;
  child.on('error', reject).on('close', end);
  let said = '';
  child.stderr.on('data', (chunk) => {
    said = `${said}${chunk}`.slice(-4_000);
  });
  if (child.pid !== undefined) setPriority(child.pid, 10); // the tests that run meanwhile go first
  const code = await ended.finally(() => {
    building = undefined;
  });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${said}`);
}

/** False where another process that still lives has it. */
async function takeLock(): Promise<boolean> {
  await mkdir(cache, { recursive: true });
  const taken = writeFile(lock, `${process.pid}`, { flag: 'wx' });
  if (await taken.then(() => true, isTaken)) return true;
  const owner = Number(await readFile(lock, 'utf8').catch(() => ''));
  if (owner > 0 && !isAlive(owner)) await rm(lock, { force: true });
  return false;
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

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
