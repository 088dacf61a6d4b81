import type { Files, WritableFile } from '@weir/segment-log/files';
import { hasProblems } from '@weir/server/problems';
import { serve } from '@weir/server/serve';
import { loadSettings } from '@weir/server/settings/load-settings';
import type { Store } from '@weir/server/store/store';
import { withPut } from '@weir/server/store/with-put';

// `weir serve` that kills itself, as kill -9 would, at a step of its work: WEIR_TEST_CRASH names the
// step, such as `put:before`, and WEIR_TEST_CRASH_NTH which time; `armed`: the first one after
// SIGUSR2. WEIR_TEST_SILENT_MS says how long it is silent until another server takes over its keys.

const { WEIR_TEST_CRASH: wanted = '', WEIR_TEST_CRASH_NTH: nth = '1' } = process.env;
let left = nth === 'armed' ? Infinity : Number(nth);
process.once('SIGUSR2', () => {
  left = 1;
});

function at(step: string): void {
  if (step !== wanted) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}

/** Runs `work` between the two moments of a step. */
async function around<T>(step: string, work: () => Promise<T>): Promise<T> {
  at(`${step}:before`);
  const result = await work();
  at(`${step}:after`);
  return result;
}

function crashingStore(store: Store): Store {
  const stepOf = (key: string) => (key.startsWith('_manifests/') ? 'manifest' : 'put');
  return withPut(store, (key, ...rest) => around(stepOf(key), () => store.put(key, ...rest)));
}

function crashingFiles(files: Files): Files {
  const isSegment = (path: string) => /\/\d+\.(open|seg)$/.test(path);
  const step = (name: string, path: string) => (isSegment(path) ? name : `${name}-other`);
  const renameStep = (from: string, to: string) => {
    if (to.endsWith('.used')) return 'keep';
    return from.endsWith('.used') ? 'use-again' : step('seal', from);
  };
  return {
    ...files,
    create: async (path) =>
      crashingFile(await around(step('create', path), () => files.create(path))),
    open: async (path) => crashingFile(await files.open(path)),
    rename: (from, to) => around(renameStep(from, to), () => files.rename(from, to)),
    unlink: (path) => around(step('delete', path), () => files.unlink(path)),
    syncDirectory: (path) => around('sync-directory', () => files.syncDirectory(path)),
  };
}

function crashingFile(file: WritableFile): WritableFile {
  return {
    commit(parts, position, done) {
      at('commit:before');
      file.commit(parts, position, (error, bytes) => {
        at('commit:after');
        done(error, bytes);
      });
    },
    truncate: (length) => around('truncate', () => file.truncate(length)),
    sync: () => around('sync', () => file.sync()),
    close: () => file.close(),
  };
}

const settings = await loadSettings(undefined);
if (hasProblems(settings)) throw new Error(settings.problems.join('\n'));
const { WEIR_TEST_SILENT_MS: silentMs } = process.env;
const wrap = { store: crashingStore, files: crashingFiles };
await serve(settings, silentMs === undefined ? wrap : { ...wrap, silentMs: Number(silentMs) });
process.exit();
