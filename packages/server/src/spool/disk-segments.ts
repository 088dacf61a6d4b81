import type { Ms, World } from '@weir/core/world/world';
import { BufferPool } from '@weir/segment-log/buffer-pool';
import { codeOf, type DirectoryLock, type Files, removeFile } from '@weir/segment-log/files';
import { secretBytes } from '@weir/segment-log/frame';
import {
  type CommitObserver,
  createSegment,
  type SegmentWriter,
  type UsedFile,
} from '@weir/segment-log/segment-writer';
import { segmentsIn } from './recover-segment.ts';
import { encodeHeader, type SegmentHeader } from './segment-header.ts';
import type { SegmentFile, SegmentName, SegmentSource, SegmentStore } from './segment-store.ts';
import { isUsed, placeOf, type SegmentPlace } from './spool-directory.ts';
import type { KeyFiles, StoredKey } from './stored-keys.ts';
import { UsedFiles } from './used-files.ts';

/** Told what each group commit took. */
export interface CommitCounts {
  commit(tookMs: Ms, requests: number): void;
}

export interface DiskSegmentsDeps {
  readonly world: World;
  readonly files: Files;
  /** The directory of the spool, shared by all its writers. */
  readonly root: string;
  readonly keyFiles: KeyFiles;
  readonly counts: CommitCounts;
  /** A segment of at least so many bytes leaves its file to the next one. */
  readonly leastUsedBytes: number;
}

/** Buffers for what is gathered while a commit is under way. */
const bufferBytes = 256 * 1024;
const idleBuffers = 16;

/** Segments as files, in a directory for each writer. */
export class DiskSegments implements SegmentStore {
  readonly writer: string;
  readonly #deps: DiskSegmentsDeps;
  readonly #pool = new BufferPool(bufferBytes, idleBuffers);
  /** Directories that are ours to write or deliver, by writer. */
  readonly #locks = new Map<string, DirectoryLock>();
  readonly #observer: CommitObserver;
  readonly #usedFiles: UsedFiles;

  constructor(writer: string, lock: DirectoryLock, deps: DiskSegmentsDeps) {
    this.writer = writer;
    this.#deps = deps;
    this.#observer = {
      now: () => deps.world.now(),
      committed: (tookMs, records) => deps.counts.commit(tookMs, records),
    };
    this.#locks.set(writer, lock);
    const { files, root, leastUsedBytes } = deps;
    const placeIn = (segment: number) => placeOf(root, { writer, segment });
    this.#usedFiles = new UsedFiles(files, placeIn, leastUsedBytes);
  }

  /** Takes charge of the directory of a writer that died. */
  adopt(writer: string, lock: DirectoryLock): void {
    this.#locks.set(writer, lock);
  }

  has(writer: string): boolean {
    return this.#locks.has(writer);
  }

  /** Lets go of a directory as it is. */
  abandon(writer: string): void {
    this.#locks.get(writer)?.release();
    this.#locks.delete(writer);
  }

  async create(segment: number, header: SegmentHeader): Promise<SegmentFile> {
    const { world, files, root } = this.#deps;
    const place = placeOf(root, { writer: this.writer, segment });
    const bytes = encodeHeader(header);
    const make = (used?: UsedFile) => {
      const random = world.randomBytes(secretBytes);
      const deps = { files, pool: this.#pool, random, used, observer: this.#observer };
      return createSegment(place, bytes, deps);
    };
    const writer = await this.#usedFiles.use(make);
    return new DiskSegment(files, place, writer, () => this.#usedFiles.sealed(segment, writer));
  }

  keepKeys(name: SegmentName, keys: Iterable<StoredKey>, untilMs: Ms): Promise<void> {
    return this.#deps.keyFiles.keep(name, keys, untilMs);
  }

  async remove(name: SegmentName): Promise<void> {
    const { files, root } = this.#deps;
    const { segmentPath, sealedPath, cutPath } = placeOf(root, name);
    if (name.writer === this.writer) await this.#usedFiles.keep(name.segment);
    for (const path of [sealedPath, segmentPath, cutPath]) await removeFile(files, path);
    await this.#leaveIfDone(name.writer);
  }

  async setAside(name: SegmentName): Promise<string> {
    const { files, root } = this.#deps;
    const { segmentPath, sealedPath, directory } = placeOf(root, name);
    const quarantine = `${root}/quarantine`;
    const path = `${quarantine}/${name.writer}-${name.segment}.seg`;
    if (name.writer === this.writer) this.#usedFiles.forget(name.segment);
    await files.makeDirectory(quarantine);
    try {
      await files.rename(sealedPath, path);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      await files.rename(segmentPath, path);
    }
    // Where the new name is lost the segment is found damaged once more: a failed sync does no harm.
    await Promise.allSettled([quarantine, directory].map((each) => files.syncDirectory(each)));
    await this.#leaveIfDone(name.writer);
    return path;
  }

  /** Paths of the segments that were set aside, lately or long ago. */
  async quarantined(): Promise<string[]> {
    const { files, root } = this.#deps;
    try {
      const names = await files.list(`${root}/quarantine`);
      return names.sort().map((name) => `${root}/quarantine/${name}`);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      return [];
    }
  }

  freeBytes(): Promise<number> {
    return this.#deps.files.freeBytes(this.#deps.root);
  }

  /** Removes a writer's directory, and lets go of it, if no segment is left in it. */
  async removeIfDone(writer: string): Promise<void> {
    const { files, root } = this.#deps;
    const directory = `${root}/${writer}`;
    if (!this.#locks.has(writer) || (await segmentsIn(files, directory)).length > 0) return;
    for (const name of await files.list(directory)) await removeFile(files, `${directory}/${name}`);
    await files.removeDirectory(directory);
    this.abandon(writer);
  }

  /** Removes what a writer kept of segments that are done. What stays goes with the directory. */
  async removeUsed(writer: string): Promise<void> {
    const { files, root } = this.#deps;
    const directory = `${root}/${writer}`;
    for (const name of (await files.list(directory)).filter(isUsed)) {
      await removeFile(files, `${directory}/${name}`);
    }
  }

  async close(): Promise<void> {
    await this.#usedFiles.close();
    for (const writer of [...this.#locks.keys()]) {
      await this.removeIfDone(writer).catch(triedAgain);
      this.abandon(writer);
    }
  }

  async #leaveIfDone(writer: string): Promise<void> {
    if (writer !== this.writer) await this.removeIfDone(writer).catch(triedAgain);
  }
}

/** A directory that could not be removed is found empty when somebody looks for the dead. */
function triedAgain(): void {}

class DiskSegment implements SegmentFile {
  readonly #files: Files;
  readonly #place: SegmentPlace;
  readonly #writer: SegmentWriter;
  readonly #onSealed: () => void;

  constructor(files: Files, place: SegmentPlace, writer: SegmentWriter, onSealed: () => void) {
    this.#files = files;
    this.#place = place;
    this.#writer = writer;
    this.#onSealed = onSealed;
  }

  append(meta: Uint8Array, body: Uint8Array): Promise<void> {
    return this.#writer.append(meta, body);
  }

  async seal(): Promise<SegmentSource> {
    await this.#writer.end();
    const { segmentPath, sealedPath } = this.#place;
    try {
      // The new name says that every byte is durable. It need not be durable itself: under the old
      // one recovery reads the same bytes and seals them again.
      await this.#files.rename(segmentPath, sealedPath);
      this.#onSealed();
      return { path: sealedPath };
    } catch {
      return { path: segmentPath };
    }
  }

  close(): Promise<void> {
    return this.#writer.end();
  }
}
