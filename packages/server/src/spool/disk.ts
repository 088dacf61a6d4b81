import type { World } from '@weir/core/world/world';
import type { DirectoryLock, Files } from '@weir/segment-log/files';
import { DiskSegments } from './disk-segments.ts';
import { SegmentedSpool, type SpoolOptions } from './segmented-spool.ts';
import type { Spool } from './spool.ts';
import { recoverSegment, segmentsIn } from './take-over.ts';
import { isWriter, newWriter } from './writer.ts';

export interface DiskSpoolOptions extends SpoolOptions {
  readonly directory: string;
}

export interface DiskSpoolDeps {
  readonly world: World;
  readonly files: Files;
}

/** A spool on the disk of this machine: what it answered survives the process and the machine. */
export async function openDiskSpool(
  options: DiskSpoolOptions,
  { world, files }: DiskSpoolDeps,
): Promise<Spool> {
  const root = options.directory;
  const { writer, lock } = await makeWriter(root, { world, files });
  const store = new DiskSegments(writer, lock, { world, files, root });
  const spool = new SegmentedSpool(options, world, store);
  await takeOver({ files, root, store, spool });
  await spool.start();
  return spool;
}

async function makeWriter(
  root: string,
  { world, files }: DiskSpoolDeps,
): Promise<{ readonly writer: string; readonly lock: DirectoryLock }> {
  for (;;) {
    const writer = newWriter(world);
    const directory = `${root}/${writer}`;
    await files.makeDirectory(directory);
    const lock = await files.lock(directory);
    if (lock === undefined) continue;
    await files.syncDirectory(root);
    return { writer, lock };
  }
}

interface TakeOver {
  readonly files: Files;
  readonly root: string;
  readonly store: DiskSegments;
  readonly spool: SegmentedSpool;
}

/** Delivers what writers left that are no more: whoever holds no lock is dead. */
async function takeOver({ files, root, store, spool }: TakeOver): Promise<void> {
  for (const writer of (await files.list(root)).filter(isWriter).sort()) {
    if (store.has(writer)) continue;
    const directory = `${root}/${writer}`;
    const lock = await files.lock(directory);
    if (lock === undefined) continue;
    store.adopt(writer, lock);
    for (const segment of await segmentsIn(files, directory)) {
      const recovered = await recoverSegment(files, root, { writer, segment });
      if (recovered !== undefined) await spool.adopt(recovered);
    }
  }
}
