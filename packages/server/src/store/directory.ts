import type { Dirent } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { World } from '@weir/core/world/world';
import { keyProblem } from '../object-key.ts';
import { contentSha256 } from './content.ts';
import {
  type ObjectContent,
  type PutOutcome,
  type Store,
  type StoredObject,
  StoreError,
} from './store.ts';

const temporary = '.tmp';
/** Large files go to the disk in pieces, so that the spool's small commits get in between. */
const pieceBytes = 1024 * 1024;
const fileMode = 0o640;
/** No write takes so long. */
const leftoverMs = 3_600_000;
const directoryMode = 0o750;
/** Directories remembered as durable; beyond, all are forgotten and synced once more. */
const mostKnownDirectories = 10_000;

export interface DirectoryStoreOptions {
  /** Made where it is missing; its parent must exist. */
  readonly path: string;
  readonly world: World;
}

/**
 * Objects as files below one directory. An object appears under its name whole and synced, or not
 * at all: it is written to a temporary file, and `link` gives it a name that nobody else has.
 *
 * Servers on one machine may share the directory; one that starts clears what others have half
 * written, which costs them a second try. A key that is the directory of another key is refused, as
 * a file system knows no such thing.
 */
export class DirectoryStore implements Store {
  readonly #root: string;
  readonly #world: World;
  readonly #knownDirectories = new Set<string>();

  private constructor({ path, world }: DirectoryStoreOptions) {
    this.#root = path;
    this.#world = world;
  }

  /** A store that is there already, for those who read: changes nothing by itself. */
  static existing(options: DirectoryStoreOptions): DirectoryStore {
    return new DirectoryStore(options);
  }

  /** Clears what a crash left half written, and makes sure that `link` keeps its promise here. */
  static async open(options: DirectoryStoreOptions): Promise<DirectoryStore> {
    const store = new DirectoryStore(options);
    await trouble(`cannot use ${options.path} as a store`, () => store.#prepare());
    return store;
  }

  async put(
    key: string,
    bytes: Uint8Array,
    content: ObjectContent,
    signal: AbortSignal,
  ): Promise<PutOutcome> {
    const path = this.#pathOf(key);
    return await trouble(`cannot store ${key}`, async () => {
      const written = this.#temporaryPath();
      try {
        await writeDurably(written, bytes, signal);
        const created = await this.#name(written, path);
        if (created) return 'created';
      } finally {
        await rm(written, { force: true });
      }
      return await compare(path, bytes, content);
    });
  }

  async get(key: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const path = this.#pathOf(key);
    return await trouble(`cannot read ${key}`, () => unlessMissing(readFile(path, { signal })));
  }

  async *list(prefix: string, signal: AbortSignal): AsyncIterable<StoredObject> {
    yield* this.#listDirectory('', prefix, signal);
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const path = this.#pathOf(key);
    await trouble(`cannot remove ${key}`, async () => {
      await unlessMissing(unlink(path));
      await unlessMissing(syncDirectory(dirname(path)));
    });
  }

  async #prepare(): Promise<void> {
    await mkdir(this.#root, { recursive: true, mode: directoryMode });
    await mkdir(join(this.#root, temporary), { recursive: true, mode: directoryMode });
    await this.#removeLeftovers();
    const probe = this.#temporaryPath();
    await writeDurably(probe, Buffer.from('probe'), new AbortController().signal);
    if (!(await tryLink(probe, `${probe}.link`)) || (await tryLink(probe, `${probe}.link`))) {
      throw new Error('this file system gives one name to two files');
    }
    await Promise.all([rm(probe), rm(`${probe}.link`)]);
    await syncDirectory(this.#root);
  }

  /** What a crash left half written. Younger files may be another server's, under way now. */
  async #removeLeftovers(): Promise<void> {
    const oldestMs = this.#world.date() - leftoverMs;
    for (const name of await readdir(join(this.#root, temporary))) {
      const path = join(this.#root, temporary, name);
      const found = await unlessMissing(stat(path));
      if (found !== undefined && found.mtimeMs < oldestMs) await rm(path, { force: true });
    }
  }

  /** Throws for a key that is none, or would leave the directory. */
  #pathOf(key: string): string {
    const problem = key.startsWith(temporary)
      ? `must not begin with ${temporary}`
      : keyProblem(key);
    if (problem !== undefined) throw new StoreError('refused', `the key ${key} ${problem}`);
    return join(this.#root, key);
  }

  #temporaryPath(): string {
    const name = Buffer.from(this.#world.randomBytes(16)).toString('hex');
    return join(this.#root, temporary, name);
  }

  /** Gives a written file its name, durably; false where the name is taken. */
  async #name(written: string, path: string): Promise<boolean> {
    const directory = dirname(path);
    await this.#makeDirectory(directory);
    const created = await tryLink(written, path).catch(async (error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
      this.#knownDirectories.clear(); // somebody removed a directory: make it anew
      await this.#makeDirectory(directory);
      return await tryLink(written, path);
    });
    await syncDirectory(directory); // also where the name was taken: its owner may not have come so far
    return created;
  }

  /** Makes a directory and its parents, each durable in its own. */
  async #makeDirectory(path: string): Promise<void> {
    if (path === this.#root || this.#knownDirectories.has(path)) return;
    const parent = dirname(path);
    await this.#makeDirectory(parent);
    await mkdir(path, { mode: directoryMode }).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
    await syncDirectory(parent); // even if it was there: who made it may have died before this
    if (this.#knownDirectories.size >= mostKnownDirectories) this.#knownDirectories.clear();
    this.#knownDirectories.add(path);
  }

  async *#listDirectory(
    directory: string,
    prefix: string,
    signal: AbortSignal,
  ): AsyncGenerator<StoredObject, void, void> {
    signal.throwIfAborted();
    const path = join(this.#root, directory);
    const entries = await trouble(`cannot list ${directory}`, () =>
      unlessMissing(readdir(path, { withFileTypes: true })),
    );
    for (const { entry, key } of inKeyOrder(entries ?? [], directory)) {
      if (key === `${temporary}/`) continue;
      if (!entry.isDirectory()) {
        if (key.startsWith(prefix)) yield* this.#describe(key);
      } else if (key.startsWith(prefix) || prefix.startsWith(key)) {
        yield* this.#listDirectory(key, prefix, signal);
      }
    }
  }

  /** Nothing where the object was removed meanwhile. */
  async *#describe(key: string): AsyncGenerator<StoredObject, void, void> {
    const path = join(this.#root, key);
    const found = await trouble(`cannot read ${key}`, () => unlessMissing(stat(path)));
    if (found !== undefined) yield { key, bytes: found.size };
  }
}

/** Entries of a directory by the byte order of the keys they lead to, where `/` counts. */
function inKeyOrder(entries: readonly Dirent[], directory: string) {
  const keyed = entries.map((entry) => {
    const key = `${directory}${entry.name}${entry.isDirectory() ? '/' : ''}`;
    return { entry, key, order: Buffer.from(key) };
  });
  return keyed.sort((a, b) => Buffer.compare(a.order, b.order));
}

async function writeDurably(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  const file = await open(path, 'wx', fileMode);
  try {
    for (let at = 0; at < bytes.length; ) {
      signal.throwIfAborted();
      const { bytesWritten } = await file.write(bytes, at, Math.min(pieceBytes, bytes.length - at));
      await file.datasync();
      at += bytesWritten;
    }
    await file.chmod(fileMode);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What holds the name already: these very lines, or something else? */
async function compare(
  path: string,
  bytes: Uint8Array,
  { contentSha256: expected, contentBytes, codec }: ObjectContent,
): Promise<PutOutcome> {
  const there = await readFile(path);
  if (there.equals(bytes)) return 'same';
  return (await contentSha256(there, codec, contentBytes)) === expected ? 'same' : 'different';
}

/** False where the name is taken. */
async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function unlessMissing<T>(pending: Promise<T>): Promise<T | undefined> {
  try {
    return await pending;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(codeOf(error))) return undefined;
    throw error;
  }
}

/** What no second try can cure: the name itself does not fit this file system. */
const hopeless = new Set(['ENAMETOOLONG', 'ENOTDIR', 'EISDIR', 'EINVAL']);

/** Makes every error of the file system a `StoreError`; an abort passes as it is. */
async function trouble<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreError || ['', 'ABORT_ERR'].includes(codeOf(error))) throw error;
    const kind = hopeless.has(codeOf(error)) ? 'refused' : 'trouble';
    throw new StoreError(kind, `${what}: ${(error as Error).message}`, { cause: error });
  }
}

function codeOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : '';
}
