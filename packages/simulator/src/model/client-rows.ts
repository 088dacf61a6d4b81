import type { ClientCounts } from '../run.ts';

/** Two lines of the cache. */
export const rowLength = 16;

/**
 * Where each number of a client stands in its row. They lie side by side, since among ten thousand
 * clients whoever is next is in no cache: an array for each number would miss it fifteen times a
 * request.
 */
export const column = {
  /** When it leaves. */
  stopUs: 0,
  /** From a reply to asking for the next request. */
  gapUs: 1,
  /** The first client of its process, and how many there are of it. */
  first: 2,
  sharers: 3,
  /** Successes that are left to its process; counted in the row of its first client alone. */
  requestsLeft: 4,
  /** Of the request under way, from 0. */
  attempt: 5,
  /** What `sent` of the throttle returned for it. */
  ticket: 6,
  /** Since when it is wanted, and since when it waits for a shared throttle. */
  wantedUs: 7,
  queuedUs: 8,
  /** Requests that it sent; of the last one when, after which wait, and how long there and back. */
  sent: 9,
  sentUs: 10,
  sleptUs: 11,
  roundTripUs: 12,
  /** Requests that were decided on, and those refused. */
  decided: 13,
  refused: 14,
  longestSleepUs: 15,
} as const;

/** What a run tells of each client. */
export function countsOf(rows: Float64Array): ClientCounts {
  const numbers = (place: number) =>
    Float64Array.from(
      { length: rows.length / rowLength },
      (_, client) => rows[client * rowLength + place] as number,
    );
  return {
    requests: numbers(column.decided),
    refused: numbers(column.refused),
    longestSleepUs: numbers(column.longestSleepUs),
  };
}
