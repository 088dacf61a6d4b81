import type { World } from '@weir/core/world/world';
import type { DirectoryLock, Files } from '@weir/segment-log/files';
import { type CommitCounts, DiskSegments } from './disk-segments.ts';
import { every } from './every.ts';
import { probeFileSystem, UnfitFileSystem } from './probe.ts';
import { SegmentedSpool, type SpoolOptions } from './segmented-spool.ts';
import type { Spool } from './spool.ts';
import { KeyFiles } from './stored-keys.ts';
import { TakeOver } from './take-over.ts';
import { newWriter } from './writer.ts';

export interface DiskSpoolOptions extends SpoolOptions {
  /** Any number of servers may share it: each writes in a directory of its own below it. */
  readonly directory: string;
}

export interface DiskSpoolDeps {
  readonly world: World;
  readonly files: Files;
  /** Tells a person of something that went wrong and did no harm yet. */
  readonly warn: (message: string) => void;
  readonly counts: CommitCounts;
}

/** Between two looks for writers that died. */
const takeOverMs = 30_000;
/** Between two looks at how much of the disk is free. */
const lookMs = 1_000;

/**
 * A spool on the disk of this machine: what it answered survives the process and the machine.
 *
 * Takes in what is left of servers that ended before. Throws where the file system cannot keep the
 * promise (`UnfitFileSystem`), and where a newer version left something.
 */
export async function openDiskSpool(
  options: DiskSpoolOptions,
  deps: DiskSpoolDeps,
): Promise<Spool> {
  const { world, files, warn, counts } = deps;
  const root = options.directory;
  const { writer, lock } = await makeWriter(root, deps);
  const keyFiles = new KeyFiles({ files, world, directory: `${root}/keys`, warn });
  const leastUsedBytes = options.rules.bytes / 2;
  const ports = { world, files, root, keyFiles, counts, leastUsedBytes };
  const store = new DiskSegments(writer, lock, ports);
  try {
    await probeFileSystem(files, `${root}/${writer}`);
    const spool = new SegmentedSpool(options, { world, store, warn });
    spool.foundQuarantined(await store.quarantined());
    const takeOver = new TakeOver({ files, root, store, spool, keyFiles, warn });
    await takeOver.atStart();
    await spool.start();
    spool.onClose(every(world, takeOverMs, () => takeOver.again()));
    spool.onClose(every(world, lookMs, () => spool.look()));
    return spool;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** A directory that nobody else has, locked. */
async function makeWriter(
  root: string,
  { world, files }: DiskSpoolDeps,
): Promise<{ readonly writer: string; readonly lock: DirectoryLock }> {
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const writer = newWriter(world);
    const directory = `${root}/${writer}`;
    await files.makeDirectory(directory);
    const lock = await files.lock(directory);
    if (lock !== undefined) return { writer, lock };
    // A server that looks for the dead took it for one: then another name will do.
  }
  throw new UnfitFileSystem(root, 'does not lock files');
}
