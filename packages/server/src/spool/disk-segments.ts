import type { World } from '@weir/core/world/world';
import { BufferPool } from '@weir/segment-log/buffer-pool';
import { type DirectoryLock, type Files, removeFile } from '@weir/segment-log/files';
import { secretBytes } from '@weir/segment-log/frame';
import { createSegment, type SegmentWriter } from '@weir/segment-log/segment-writer';
import { encodeHeader, type SegmentHeader } from './segment-header.ts';
import type { SegmentFile, SegmentName, SegmentSource, SegmentStore } from './segment-store.ts';
import { placeOf, quarantineDirectory, type SegmentPlace } from './spool-directory.ts';

export interface DiskSegmentsDeps {
  readonly world: World;
  readonly files: Files;
  /** The directory of the spool, shared by all its writers. */
  readonly root: string;
}

/** Buffers for what is gathered while a commit is under way. */
const bufferBytes = 256 * 1024;
const idleBuffers = 16;

/** Segments as files. */
export class DiskSegments implements SegmentStore {
  readonly writer: string;
  readonly #deps: DiskSegmentsDeps;
  readonly #pool = new BufferPool(bufferBytes, idleBuffers);
  /** Directories that are ours to write or deliver, by writer. */
  readonly #locks = new Map<string, DirectoryLock>();

  constructor(writer: string, lock: DirectoryLock, deps: DiskSegmentsDeps) {
    this.writer = writer;
    this.#deps = deps;
    this.#locks.set(writer, lock);
  }

  /** Takes charge of the directory of a writer that died. */
  adopt(writer: string, lock: DirectoryLock): void {
    this.#locks.set(writer, lock);
  }

  has(writer: string): boolean {
    return this.#locks.has(writer);
  }

  async create(segment: number, header: SegmentHeader): Promise<SegmentFile> {
    const { world, files, root } = this.#deps;
    const place = placeOf(root, { writer: this.writer, segment });
    const random = world.randomBytes(secretBytes);
    const deps = { files, pool: this.#pool, random };
    const writer = await createSegment(place, encodeHeader(header), deps);
    return new DiskSegment(files, place, writer);
  }

  async remove(name: SegmentName): Promise<void> {
    const { files, root } = this.#deps;
    const { segmentPath, sealedPath, cutPath } = placeOf(root, name);
    for (const path of [sealedPath, segmentPath, cutPath]) await removeFile(files, path);
  }

  async setAside(name: SegmentName): Promise<string> {
    const { files, root } = this.#deps;
    const path = `${quarantineDirectory(root)}/${name.writer}-${name.segment}.seg`;
    await files.makeDirectory(quarantineDirectory(root));
    await files.rename(placeOf(root, name).sealedPath, path);
    await files.syncDirectory(quarantineDirectory(root));
    return path;
  }

  async close(): Promise<void> {
    for (const lock of this.#locks.values()) lock.release();
    this.#locks.clear();
  }
}

class DiskSegment implements SegmentFile {
  readonly #files: Files;
  readonly #place: SegmentPlace;
  readonly #writer: SegmentWriter;

  constructor(files: Files, place: SegmentPlace, writer: SegmentWriter) {
    this.#files = files;
    this.#place = place;
    this.#writer = writer;
  }

  append(meta: Uint8Array, body: Uint8Array): Promise<void> {
    return this.#writer.append(meta, body);
  }

  async seal(): Promise<SegmentSource> {
    await this.#writer.end();
    const { segmentPath, sealedPath } = this.#place;
    // The new name says that every byte is durable. It need not be durable itself: under the old
    // one recovery reads the same bytes and seals them again.
    await this.#files.rename(segmentPath, sealedPath);
    return { path: sealedPath };
  }

  close(): Promise<void> {
    return this.#writer.end();
  }
}
