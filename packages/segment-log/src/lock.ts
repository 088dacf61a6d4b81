import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { DirectoryLock } from './files.ts';

/**
 * Locks a directory for this process. The kernel holds the lock (on a file `lock` in it), so it is
 * free at the instant its owner dies, however it dies, and no process id is ever believed.
 * undefined while another process, or this one, holds it, or where the directory is gone.
 */
export function lockDirectory(directory: string): DirectoryLock | undefined {
  const path = `${directory}/lock`;
  const database = openDatabase(path);
  if (database === undefined) return undefined;
  if (begin(database) && isThere(path)) return { release: () => database.close() };
  database.close();
  return undefined;
}

function openDatabase(path: string): DatabaseSync | undefined {
  try {
    return new DatabaseSync(path, { timeout: 0 });
  } catch (error) {
    if (isThere(path)) throw error;
    return undefined; // its directory was removed
  }
}

function begin(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (sqliteCode(error) === busy) return false;
    database.close();
    throw error;
  }
}

/** SQLITE_BUSY: another connection has the lock. */
const busy = 5;

function sqliteCode(error: unknown): number {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0;
}

/** Another owner may have removed the directory between the opening and the locking of the file. */
function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
