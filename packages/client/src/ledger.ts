/** Why an event was given up without an answer of the server. */
export type DropReason =
  | 'queue_full'
  | 'dropped'
  | 'cancelled'
  | 'closed'
  | 'expired'
  | 'attempts_exhausted'
  | 'rate_limited'
  | 'over_capacity'
  | 'spool'
  | 'redacted'
  | 'unauthorized';

/**
 * What became of every event: `queued + recovered` is the sum of all the others but `maybeDuplicate`
 * and `retries`, at every instant.
 */
export interface Stats {
  /** Given to this client. */
  readonly queued: number;
  /** Found in the spool at the start. */
  readonly recovered: number;
  /** Taken by the server. */
  readonly acked: number;
  /** Refused by the server for good, one by one or with their batch. */
  readonly rejected: number;
  /** Given up, by reason. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  /** On disk alone, not in memory. */
  readonly spooled: number;
  /** In memory, in flight included. */
  readonly inMemory: number;
  /** Bytes of those in memory, and 384 for each beside its text. */
  readonly inMemoryBytes: number;
  /** Sent again after the server's window for repeats: it may hold them twice. */
  readonly maybeDuplicate: number;
  /** Requests made, and how many of them were repeats. */
  readonly requests: number;
  readonly retries: number;
  /** Requests refused for their pace: 429. */
  readonly rateLimited: number;
  /** Events that are safe on this disk or with the server; as `acked` where there is no spool. */
  readonly durable: number;
}

/** The sums behind `stats()`. Whole numbers that only grow. */
export class Ledger {
  queued = 0;
  recovered = 0;
  acked = 0;
  rejected = 0;
  maybeDuplicate = 0;
  requests = 0;
  retries = 0;
  rateLimited = 0;
  readonly #dropped = new Map<DropReason, number>();

  drop(reason: DropReason, count: number): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + count);
  }

  get dropped(): Partial<Record<DropReason, number>> {
    return Object.fromEntries(this.#dropped);
  }

  /** The books at this instant. `durable` is undefined where there is no spool. */
  stats(
    held: { readonly count: number; readonly bytes: number },
    spooled: number,
    durable: number | undefined,
  ): Stats {
    const { queued, recovered, acked, rejected, dropped, maybeDuplicate } = this;
    const { requests, retries, rateLimited } = this;
    return {
      ...{ queued, recovered, acked, rejected, dropped, spooled, inMemory: held.count },
      ...{ inMemoryBytes: held.bytes, maybeDuplicate, requests, retries, rateLimited },
      durable: durable ?? acked,
    };
  }
}
