import type { Files, WritableFile } from '@weir/segment-log/files';
import type { Lease, Spool } from '../spool/spool.ts';
import { type Store, StoreError } from '../store/store.ts';

/** A server that breaks one rule, to see that the schedules find it out. */
export interface Sabotage {
  readonly files?: (files: Files) => Files;
  readonly store?: (store: Store) => Store;
  readonly spool?: (spool: Spool, files: Files) => Pick<Spool, 'lease' | 'repeat'>;
}

export const sabotages: Readonly<Record<string, Sabotage>> = {
  'answers before a batch is durable': { files: (files) => changedFiles(files, hasty) },
  'never syncs a directory': {
    files: (files) => ({ ...delegate(files), syncDirectory: async () => undefined }),
  },
  'believes that a PUT without an answer was done': {
    store: (store) => withPut(store, (error) => error.kind === 'trouble'),
  },
  'takes a refused PUT for done': {
    store: (store) => withPut(store, (error) => error.kind === 'refused'),
  },
  'deletes a segment before its manifest is written': {
    spool: (spool, files) => ({
      repeat: (key) => spool.repeat(key),
      lease: async (signal) => {
        const lease = await spool.lease(signal);
        return lease === undefined ? undefined : await doneAtOnce(lease, files);
      },
    }),
  },
  'knows no repeated key': {
    spool: (spool) => ({ repeat: () => undefined, lease: (signal) => spool.lease(signal) }),
  },
};

function delegate(files: Files): Files {
  return {
    create: (path) => files.create(path),
    open: (path) => files.open(path),
    read: (path) => files.read(path),
    rename: (from, to) => files.rename(from, to),
    link: (from, to) => files.link(from, to),
    unlink: (path) => files.unlink(path),
    makeDirectory: (path) => files.makeDirectory(path),
    removeDirectory: (path) => files.removeDirectory(path),
    list: (path) => files.list(path),
    syncDirectory: (path) => files.syncDirectory(path),
    freeBytes: (path) => files.freeBytes(path),
    soon: (task) => files.soon(task),
    lock: (directory) => files.lock(directory),
  };
}

function changedFiles(files: Files, change: (file: WritableFile) => WritableFile): Files {
  return { ...delegate(files), create: async (path) => change(await files.create(path)) };
}

function hasty(file: WritableFile): WritableFile {
  return {
    commit(parts, position, done) {
      const copies = parts.map((part) => Uint8Array.from(part));
      const bytes = copies.reduce((sum, { length }) => sum + length, 0);
      file.commit(copies, position, () => undefined);
      done(null, bytes);
    },
    truncate: (length) => file.truncate(length),
    sync: () => file.sync(),
    close: () => file.close(),
  };
}

function withPut(store: Store, isDone: (error: StoreError) => boolean): Store {
  return {
    get: (key, signal) => store.get(key, signal),
    list: (prefix, signal) => store.list(prefix, signal),
    remove: (key, signal) => store.remove(key, signal),
    put: async (...args) => {
      try {
        return await store.put(...args);
      } catch (error) {
        if (error instanceof StoreError && isDone(error)) return 'created';
        throw error;
      }
    },
  };
}

async function doneAtOnce(lease: Lease, files: Files): Promise<Lease> {
  const source =
    'path' in lease.source ? { bytes: await files.read(lease.source.path) } : lease.source;
  await lease.done();
  return { ...lease, source, done: async () => undefined, release: () => undefined };
}
