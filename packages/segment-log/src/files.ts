/** Hears how many bytes are durable now, or why that is not known. */
export type Committed = (error: Error | null, bytes: number) => void;

/** A file open for durable writing. */
export interface WritableFile {
  /**
   * Writes `parts`, one after the other, from `position` on and makes them durable. `done` is
   * called once, maybe at once, with the number of bytes: at least one, maybe not all of them.
   * After an error nothing is known of what lies at `position` and beyond.
   */
  commit(parts: readonly Uint8Array[], position: number, done: Committed): void;
  /** Makes the file end at `length`. Durable only after `sync`. */
  truncate(length: number): Promise<void>;
  /** Makes content and length durable. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** A lock on a directory, held until `release` or until the process ends, however it ends. */
export interface DirectoryLock {
  release(): void;
}

/**
 * The file system, as far as a log needs it. Adapters: node, memory. Paths use `/`. Every method
 * rejects with the system's error, whose `code` is `ENOENT`, `EEXIST`, `ENOSPC` and so on.
 */
export interface Files {
  /** An empty file, open for writing; one that was there is emptied. */
  create(path: string): Promise<WritableFile>;
  /** A file that is there already, open for writing. */
  open(path: string): Promise<WritableFile>;
  /** All of a file. */
  read(path: string): Promise<Uint8Array>;
  /** Replaces what had the name `to`. Durable only after `syncDirectory`, like all names. */
  rename(from: string, to: string): Promise<void>;
  /** A second name for a file; EEXIST where the name is taken. */
  link(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Makes a directory and those above it, durably; no error where it is there. */
  makeDirectory(path: string): Promise<void>;
  /** Removes a directory that is empty. */
  removeDirectory(path: string): Promise<void>;
  /** Names in a directory, in no order. */
  list(path: string): Promise<string[]>;
  /** Makes the names in a directory durable. */
  syncDirectory(path: string): Promise<void>;
  /** Bytes this process may still write on the file system of `path`. */
  freeBytes(path: string): Promise<number>;
  /** Runs `task` once all that has arrived at this process by now was handled. */
  soon(task: () => void): void;
  /** undefined while somebody else, or this process, holds the lock, or where it was removed. */
  lock(directory: string): Promise<DirectoryLock | undefined>;
}

/** The `code` of a system error, or '' where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Removes a file; no error where there was none. */
export async function removeFile(files: Files, path: string): Promise<void> {
  try {
    await files.unlink(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}
