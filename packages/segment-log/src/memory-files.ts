import type { Committed, DirectoryLock, Files, WritableFile } from './files.ts';
import { type MemoryDisk, MemoryNode, parentOf } from './memory-disk.ts';

export type Operation =
  | 'create'
  | 'open'
  | 'read'
  | 'rename'
  | 'link'
  | 'unlink'
  | 'makeDirectory'
  | 'removeDirectory'
  | 'list'
  | 'syncDirectory'
  | 'freeBytes'
  | 'write'
  | 'sync'
  | 'truncate'
  | 'close';

/** What goes wrong: a system error, or a write that ends after so many bytes. */
export type Fault = { readonly code: string } | { readonly shortBytes: number };

export interface MemoryFilesOptions {
  readonly disk: MemoryDisk;
  /** Runs a task later: how long an operation takes. */
  readonly defer: (task: () => void) => void;
  /** Asked before each operation; undefined lets it work. */
  readonly fault: (operation: Operation, path: string) => Fault | undefined;
}

/**
 * A process's view of a `MemoryDisk`, for tests. `kill` ends the process: what it asked for and had
 * not got is never answered, and its locks are free; what it wrote stays, as in a page cache.
 */
export class MemoryFiles implements Files {
  readonly #options: MemoryFilesOptions;
  readonly #locks = new Set<string>();
  #dead = false;

  constructor(options: MemoryFilesOptions) {
    this.#options = options;
  }

  kill(): void {
    this.#dead = true;
    for (const directory of this.#locks) this.#options.disk.locks.delete(directory);
  }

  create(path: string): Promise<WritableFile> {
    return this.#run('create', path, (disk) => {
      needDirectory(disk, parentOf(path));
      const there = disk.names.get(path);
      if (there === 'directory') throw systemError('EISDIR', path);
      const node = there ?? new MemoryNode();
      if (there === undefined) disk.change({ kind: 'file', path, node });
      else node.change({ kind: 'truncate', length: 0, poisoned: false });
      return this.#opened(path, node);
    });
  }

  open(path: string): Promise<WritableFile> {
    return this.#run('open', path, (disk) => this.#opened(path, needFile(disk, path)));
  }

  read(path: string): Promise<Uint8Array> {
    return this.#run('read', path, (disk) => Buffer.from(needFile(disk, path).content));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#run('rename', from, (disk) => {
      needFile(disk, from);
      needDirectory(disk, parentOf(to));
      if (from !== to) disk.change({ kind: 'rename', path: from, to });
    });
  }

  link(from: string, to: string): Promise<void> {
    return this.#run('link', to, (disk) => {
      const node = needFile(disk, from);
      if (disk.names.has(to)) throw systemError('EEXIST', to);
      disk.change({ kind: 'file', path: to, node });
    });
  }

  unlink(path: string): Promise<void> {
    return this.#run('unlink', path, (disk) => {
      needFile(disk, path);
      disk.change({ kind: 'remove', path });
    });
  }

  makeDirectory(path: string): Promise<void> {
    return this.#run('makeDirectory', path, (disk) => {
      const parts = path.split('/').slice(1);
      for (const i of parts.keys()) {
        const each = `/${parts.slice(0, i + 1).join('/')}`;
        if (disk.names.has(each)) continue;
        disk.change({ kind: 'directory', path: each });
        disk.syncDirectory(parentOf(each));
      }
    });
  }

  removeDirectory(path: string): Promise<void> {
    return this.#run('removeDirectory', path, (disk) => {
      needDirectory(disk, path);
      if (namesIn(disk, path).length > 0) throw systemError('ENOTEMPTY', path);
      disk.change({ kind: 'remove', path });
    });
  }

  list(path: string): Promise<string[]> {
    return this.#run('list', path, (disk) => {
      needDirectory(disk, path);
      return namesIn(disk, path);
    });
  }

  syncDirectory(path: string): Promise<void> {
    return this.#run('syncDirectory', path, (disk) => {
      needDirectory(disk, path);
      disk.syncDirectory(path);
    });
  }

  freeBytes(path: string): Promise<number> {
    return this.#run('freeBytes', path, (disk) => disk.capacityBytes - disk.usedBytes());
  }

  soon(task: () => void): void {
    queueMicrotask(task);
  }

  async lock(directory: string): Promise<DirectoryLock | undefined> {
    const { disk } = this.#options;
    if (this.#dead || disk.locks.has(directory) || !disk.names.has(directory)) return undefined;
    const path = `${directory}/lock`;
    if (!disk.names.has(path)) disk.change({ kind: 'file', path, node: new MemoryNode() });
    disk.locks.add(directory);
    this.#locks.add(directory);
    return {
      release: () => {
        if (this.#locks.delete(directory)) disk.locks.delete(directory);
      },
    };
  }

  #opened(path: string, node: MemoryNode): WritableFile {
    const { disk } = this.#options;
    return {
      commit: (parts, position, done) => {
        this.#later('write', path, (fault) => {
          const outcome = write(disk, node, { bytes: Buffer.concat(parts), position, fault });
          this.#later('sync', path, (syncFault) => {
            report(
              node,
              outcome,
              syncFault === undefined ? undefined : errorOf(syncFault, path),
              done,
            );
          });
        });
      },
      truncate: (length) =>
        this.#run('truncate', path, () =>
          node.change({ kind: 'truncate', length, poisoned: false }),
        ),
      sync: () => this.#run('sync', path, () => node.sync()),
      close: () => this.#run('close', path, () => undefined),
    };
  }

  #run<T>(operation: Operation, path: string, act: (disk: MemoryDisk) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#later(operation, path, (fault) => {
        try {
          if (fault !== undefined) throw errorOf(fault, path);
          resolve(act(this.#options.disk));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #later(operation: Operation, path: string, act: (fault: Fault | undefined) => void): void {
    this.#options.defer(() => {
      if (!this.#dead) act(this.#options.fault(operation, path));
    });
  }
}

interface Wanted {
  readonly bytes: Buffer;
  readonly position: number;
  readonly fault: Fault | undefined;
}

interface Outcome {
  readonly error: Error | undefined;
  readonly bytes: number;
}

/** Writes what fits; reports an error where nothing did, or where one is wanted after half of it. */
function write(disk: MemoryDisk, node: MemoryNode, { bytes, position, fault }: Wanted): Outcome {
  const grows = Math.max(0, position + bytes.length - node.content.length);
  const lacking = Math.max(0, grows - Math.max(0, disk.capacityBytes - disk.usedBytes()));
  const fits = bytes.length - Math.min(bytes.length, lacking);
  const written = Math.min(fits, mostOf(fault, bytes.length));
  if (written > 0) {
    const part = bytes.subarray(0, written);
    node.change({ kind: 'write', at: position, bytes: part, poisoned: false });
  }
  if (fault !== undefined && 'code' in fault) return { error: errorOf(fault, 'write'), bytes: 0 };
  const error = written === 0 ? systemError('ENOSPC', 'write') : undefined;
  return { error, bytes: written };
}

function mostOf(fault: Fault | undefined, length: number): number {
  if (fault === undefined) return length;
  return 'shortBytes' in fault ? fault.shortBytes : Math.floor(length / 2);
}

function report(
  node: MemoryNode,
  { error, bytes }: Outcome,
  syncError: Error | undefined,
  done: Committed,
): void {
  const failed = error ?? syncError;
  if (failed === undefined) node.sync();
  else node.poison();
  done(failed ?? null, failed === undefined ? bytes : 0);
}

function errorOf(fault: Fault, path: string): Error {
  return systemError('code' in fault ? fault.code : 'EIO', path);
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

function needFile(disk: MemoryDisk, path: string): MemoryNode {
  const node = disk.names.get(path);
  if (node === undefined) throw systemError('ENOENT', path);
  if (node === 'directory') throw systemError('EISDIR', path);
  return node;
}

function needDirectory(disk: MemoryDisk, path: string): void {
  if (disk.names.get(path) !== 'directory') throw systemError('ENOENT', path);
}

function namesIn(disk: MemoryDisk, directory: string): string[] {
  const prefix = directory === '/' ? '/' : `${directory}/`;
  const paths = [...disk.names.keys()].filter((path) => path !== '/' && path.startsWith(prefix));
  return paths.map((path) => path.slice(prefix.length)).filter((name) => !name.includes('/'));
}
