import type { RejectedEvent } from './event.ts';

/** The name of an accepted batch: where it lies in the spool, and for ever after. */
export interface ReceiptId {
  /** 16 characters of `[0-9a-z]`: 80 random bits, made anew at each start of a server. */
  readonly writer: string;
  /** Numbers are consecutive per writer, from 1. */
  readonly segment: number;
  /** The batch's place in its segment, from 0. */
  readonly ordinal: number;
}

/** What the server answers once it has taken a batch. */
export interface Receipt {
  readonly receipt: string;
  /** How many events were taken. */
  readonly accepted: number;
  readonly rejected: readonly RejectedEvent[];
}

/** `queued` waits in a spool, `stored` and `dead` are final, `unknown` was never seen here. */
export type ReceiptState = 'queued' | 'stored' | 'dead' | 'unknown';

/** Where one event of a batch lies: line `line` (from 1) of object `object`. */
export interface StoredEvent {
  readonly index: number;
  readonly object: string;
  readonly line: number;
}

/** The reply of `GET /v1/receipts/ID`. */
export interface ReceiptStatus {
  readonly receipt: string;
  readonly state: ReceiptState;
  readonly events: readonly StoredEvent[];
  /** Hex id of the trace that its request belongs to, where that was sampled. */
  readonly trace?: string;
}

const pattern = /^([0-9a-z]{16})-([1-9][0-9]{0,14}|0)-([1-9][0-9]{0,9}|0)$/;

export function formatReceipt({ writer, segment, ordinal }: ReceiptId): string {
  return `${writer}-${segment}-${ordinal}`;
}

/** undefined where the text is no receipt of any weir. */
export function parseReceipt(text: string): ReceiptId | undefined {
  const found = pattern.exec(text);
  if (found === null) return undefined;
  return {
    writer: found[1] as string,
    segment: Number(found[2]),
    ordinal: Number(found[3]),
  };
}
