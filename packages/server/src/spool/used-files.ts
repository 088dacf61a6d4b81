import { type Files, removeFile } from '@weir/segment-log/files';
import type { SegmentWriter, UsedFile } from '@weir/segment-log/segment-writer';
import type { SegmentPlace } from './spool-directory.ts';

/**
 * Keeps the file of a segment that is done for the next one: one file at most. What cannot be kept or
 * used is removed, and where even that fails the file goes with its directory.
 */
export class UsedFiles {
  readonly #files: Files;
  readonly #placeOf: (segment: number) => SegmentPlace;
  readonly #leastBytes: number;
  /** Lengths of the sealed segments that are worth it. */
  readonly #worth = new Map<number, number>();
  #kept: UsedFile | undefined;
  #isKeeping = false;
  #isClosed = false;

  constructor(files: Files, placeOf: (segment: number) => SegmentPlace, leastBytes: number) {
    this.#files = files;
    this.#placeOf = placeOf;
    this.#leastBytes = leastBytes;
  }

  /** A segment was sealed. After an error of its disk its file is not trusted once more. */
  sealed(segment: number, { durableBytes, hasFailed }: SegmentWriter): void {
    if (!hasFailed && durableBytes >= this.#leastBytes) this.#worth.set(segment, durableBytes);
  }

  /** A segment was set aside: its file is not to be had. */
  forget(segment: number): void {
    this.#worth.delete(segment);
  }

  /** Takes the file of a segment that is done, if it is worth it and none is kept. */
  async keep(segment: number): Promise<void> {
    const bytes = this.#worth.get(segment);
    this.#worth.delete(segment);
    const isFull = this.#kept !== undefined || this.#isKeeping || this.#isClosed;
    if (bytes === undefined || isFull) return;
    const { sealedPath, usedPath, directory } = this.#placeOf(segment);
    this.#isKeeping = true;
    try {
      await this.#files.rename(sealedPath, usedPath);
      // Before anything is written to it: else what is written might come back as that segment.
      await this.#files.syncDirectory(directory);
      if (this.#isClosed) await this.#remove(usedPath);
      else this.#kept = { path: usedPath, bytes };
    } catch {
      await this.#remove(usedPath);
    } finally {
      this.#isKeeping = false;
    }
  }

  /** Has something made of the file that is kept; of none where there is none, or that failed. */
  async use<T>(make: (used?: UsedFile) => Promise<T>): Promise<T> {
    const used = this.#kept;
    this.#kept = undefined;
    if (used === undefined) return make();
    try {
      return await make(used);
    } catch {
      await this.#remove(used.path);
      return make();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const used = this.#kept;
    this.#kept = undefined;
    if (used !== undefined) await this.#remove(used.path);
  }

  async #remove(path: string): Promise<void> {
    await removeFile(this.#files, path).catch(() => undefined);
  }
}
