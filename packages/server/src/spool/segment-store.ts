import type { Ms } from '@weir/core/world/world';
import type { SegmentHeader } from './segment-header.ts';
import type { Lease } from './spool.ts';
import type { StoredKey } from './stored-keys.ts';

/** The whole of a sealed segment. */
export type SegmentSource = Lease['source'];

/** A segment's name: numbers are consecutive per writer. */
export interface SegmentName {
  readonly writer: string;
  readonly segment: number;
}

/** A segment that still grows. */
export interface SegmentFile {
  /**
   * Adds a record. Resolves when it is as safe as this store makes it; rejects where it is not, and
   * then the segment takes no more and nothing of the record was kept. `meta` is copied at once;
   * `body` must stay as it is until the promise settles.
   */
  append(meta: Uint8Array, body: Uint8Array): Promise<void>;
  /**
   * Ends it, once nothing is under way any more, with what was kept. From then on it never changes.
   * Rejects where it is not known what was kept.
   */
  seal(): Promise<SegmentSource>;
  /** Lets go of it as it is. */
  close(): Promise<void>;
}

/** Where a spool keeps its segments. Adapters: in memory, on disk. */
export interface SegmentStore {
  /** Who writes here: 16 characters of `[0-9a-z]`, made anew at each start. */
  readonly writer: string;
  /** A segment with no batch in it, its header durable; replaces an unused one of that number. */
  create(segment: number, header: SegmentHeader): Promise<SegmentFile>;
  /** Remembers the keys of a segment that is about to go, until the wall instant `untilMs`. */
  keepKeys(name: SegmentName, keys: Iterable<StoredKey>, untilMs: Ms): Promise<void>;
  /** Forgets a segment: an unused one, or one whose manifest is written. */
  remove(name: SegmentName): Promise<void>;
  /** Sets a damaged segment aside; tells where. */
  setAside(name: SegmentName): Promise<string>;
  /** Bytes that still fit. */
  freeBytes(): Promise<number>;
  close(): Promise<void>;
}
