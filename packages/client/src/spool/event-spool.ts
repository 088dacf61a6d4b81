import type { SpooledEvent } from './spool-records.ts';

/** A batch that an earlier process had closed and not finished. */
export interface RecoveredBatch {
  readonly key: string;
  /** In the order in which they were sent. */
  readonly places: readonly number[];
  /** Wall clock at which it was closed. */
  readonly closedAtMs: number;
}

/** What an earlier process left behind. */
export interface Recovered {
  readonly events: number;
  readonly batches: readonly RecoveredBatch[];
  /** Keys of batches, or of parts, that were split. */
  readonly splits: ReadonlySet<string>;
  /** Files that could not be read whole: set aside for a person. */
  readonly damaged: readonly string[];
}

/** An event that is being written. */
export interface Appended {
  readonly place: number;
  /** Resolves when it is safe on disk; rejects with a WeirError `spool`. */
  readonly durable: Promise<void>;
}

/**
 * Events on disk until a server has them, in the order in which they came. One owner at a time: the
 * kernel holds its lock. The one adapter is `DiskSpool`.
 */
export interface EventSpool {
  readonly recovered: Recovered;
  /** Events on disk that nobody is done with. */
  readonly live: number;
  readonly bytes: number;
  /** The place of the next event. */
  readonly nextPlace: number;
  hasRoom(bytes: number): boolean;
  /** Bytes of events that are not on disk yet: they lie in memory until they are. */
  readonly unwrittenBytes: number;
  append(event: Omit<SpooledEvent, 'place'>): Appended;
  /** Fixes a batch before its first attempt; resolves when that is durable, its events as well. */
  close(key: string, places: readonly number[]): Promise<void>;
  split(key: string): Promise<void>;
  /** These are over; their files go once all that is in them is. */
  done(places: readonly number[]): void;
  /** Whether nobody is done with it. */
  isLive(place: number): boolean;
  /** Events that are live, from a place on, of one file at most; and where to go on reading. */
  read(from: number): Promise<{ readonly events: readonly SpooledEvent[]; readonly next: number }>;
  /** Keeps what can never be delivered, for a person. */
  poison(lines: readonly string[]): Promise<void>;
  /** Resolves when all is written and the lock is free. */
  end(): Promise<void>;
}
