import type { Receipt } from './receipts.ts';
import type { Tally } from './tally.ts';
import type { PlacedText } from './text-pages.ts';
import type { WeirError } from './weir-error.ts';

/** Who waits for what becomes of one event. */
export interface Waiter {
  taken(receipt: Receipt): void;
  failed(error: WeirError): void;
}

/** One event on its way: a CloudEvent, as a line of JSON in a page of text. */
export interface Item extends PlacedText {
  readonly orderingKey: string | undefined;
  /** Its number in the spool; 0 where there is none. */
  place: number;
  /** Counts it for the next `flush`. */
  readonly tally: Tally;
  readonly queuedMs: number;
  /** W3C trace context of the call that made it, where that is sampled. */
  readonly traceparent: string | undefined;
  waiter: Waiter | undefined;
  /** Who waits until it is safe on this disk. */
  readonly spooled: { resolve(): void; reject(error: WeirError): void } | undefined;
  /** It was settled while it still lay in a queue. */
  isGone: boolean;
  /** It belongs to a batch by now, which is sent as it is. */
  isCut: boolean;
}
