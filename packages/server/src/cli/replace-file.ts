import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
// Unlike those of World, these timers keep a command alive until it is its turn.
import { setTimeout as sleep } from 'node:timers/promises';

const lockTries = 100;
const lockPauseMs = 50;

/**
 * Changes a file as one step: whoever reads it sees all of the change or nothing, and of two who
 * change it at once the second sees what the first one wrote. Mode and owner stay as they are.
 *
 * @param change from the text as it is (undefined where there is no file) to the text it shall be;
 *   undefined leaves it alone
 */
export async function changeFile(
  path: string,
  change: (text: string | undefined) => string | undefined,
): Promise<void> {
  const target = await realpath(path).catch(() => path); // a link stays one
  const release = await lock(`${target}.lock`);
  try {
    const before = await readIfThere(target);
    const after = change(before);
    if (after !== undefined) await replace(target, after);
  } finally {
    await release();
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function replace(path: string, text: string): Promise<void> {
  const old = await stat(path).catch(() => undefined);
  const draft = `${path}.draft`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(text);
    if (old !== undefined) {
      await file.chmod(old.mode & 0o7777);
      // Only root can give a file away; whoever else runs this owns it already, or cannot.
      await file.chown(old.uid, old.gid).catch(() => undefined);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await syncFolder(dirname(path));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function lock(path: string): Promise<() => Promise<void>> {
  for (let tries = 1; ; tries += 1) {
    try {
      await (await open(path, 'wx')).close();
      return () => rm(path, { force: true });
    } catch (error) {
      if (!isCode(error, 'EEXIST') || tries === lockTries) throw error;
    }
    await sleep(lockPauseMs);
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
