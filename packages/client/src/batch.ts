import type { Cost } from '@weir/core/admission';
import type { Ms } from '@weir/core/world/world';
import type { Compressed } from './compress.ts';
import type { Item } from './item.ts';
import { linesOf } from './text-pages.ts';

/**
 * The events of one request. What it holds, in which order and under which key is fixed before the
 * first attempt, and sent again unchanged until the outcome is known.
 */
export interface Batch {
  /** Its Idempotency-Key. */
  readonly key: string;
  readonly items: readonly Item[];
  /** Keys split by an earlier process: their halves may be known to the server, the whole is not. */
  readonly splits: ReadonlySet<string>;
  /** What a repeat may not change: made at the first attempt. */
  body: Uint8Array | undefined;
  compressed: Compressed | undefined;
  /** It must go uncompressed, since the server asked for that. */
  isPlain: boolean;
  attempts: number;
  /** Attempts in a row that failed, but for those that were only paced. */
  failures: number;
  /** No earlier than this, as far as this batch alone is concerned. */
  notBeforeMs: Ms;
  /** Wall clock of the first attempt whose outcome is unknown. */
  ambiguousSince: Ms | undefined;
  isCountedTwice: boolean;
  /** Time it took so far, waiting for the pace left out. */
  spentMs: Ms;
}

const noSplits: ReadonlySet<string> = new Set();

export function newBatch(
  key: string,
  items: readonly Item[],
  splits: ReadonlySet<string> = noSplits,
): Batch {
  return {
    key,
    items,
    splits,
    body: undefined,
    compressed: undefined,
    isPlain: false,
    attempts: 0,
    failures: 0,
    notBeforeMs: 0,
    ambiguousSince: undefined,
    isCountedTwice: false,
    spentMs: 0,
  };
}

/** What the server will count: events and bytes as if all were taken. */
export function costOf({ items }: Batch): Cost {
  let bytes = items.length - 1; // the ends of lines
  for (const item of items) bytes += item.bytes;
  return { requests: 1, events: items.length, bytes };
}

/** One event a line: the bytes that every attempt sends. */
export function bodyOf(batch: Batch): Uint8Array {
  batch.body ??= linesOf(batch.items);
  return batch.body;
}

/** Both halves, under keys of their own. Splitting again gives the same. */
export function halvesOf({ key, items, splits }: Batch): readonly [Batch, Batch] {
  const middle = Math.ceil(items.length / 2);
  return [
    newBatch(`${key}.0`, items.slice(0, middle), splits),
    newBatch(`${key}.1`, items.slice(middle), splits),
  ];
}
