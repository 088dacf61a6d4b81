import type { RejectedEvent } from '@weir/core/wire/event';
import type { Refusal } from '@weir/core/wire/refusal';
import type { Batch, Shape } from '../spool/record.ts';
import { allRejected } from './refuse.ts';

/** What parsing finds out about a body: the part of a batch that depends on it alone. */
export type ParsedEvents = Pick<
  Batch,
  'shape' | 'accepted' | 'rejected' | 'missing' | 'attributes'
>;

/** Beyond this many, a rejected event is named with its code, but not what was wrong in it. */
const maxDetailed = 1_000;

/** What is rejected of most bodies; shared, since nobody may write to it. */
export const none: readonly RejectedEvent[] = Object.freeze([]);

/** The result for a body that is one event. */
export function single(outcome: number | RejectedEvent): ParsedEvents | Refusal {
  if (typeof outcome !== 'number') return allRejected([outcome]);
  return { shape: 'event', accepted: 1, rejected: none, missing: outcome };
}

/** Adds up what becomes of the events of one body, in order. */
export class Tally {
  readonly #events: number;
  readonly #rejected: RejectedEvent[] = [];
  #accepted = 0;
  /** What the first accepted event lacks; all others as well, while `#perEvent` is undefined. */
  #missing = 0;
  #perEvent: Uint8Array | undefined;

  /** @param events how many there will be */
  constructor(events: number) {
    this.#events = events;
  }

  add(outcome: number | RejectedEvent): void {
    if (typeof outcome === 'number') this.#accept(outcome);
    else this.#reject(outcome);
  }

  result(shape: Shape): ParsedEvents | Refusal {
    const accepted = this.#accepted;
    if (accepted === 0) return allRejected(this.#rejected);
    const missing = this.#perEvent?.slice(0, accepted) ?? this.#missing;
    return { shape, accepted, rejected: this.#rejected, missing };
  }

  #accept(missing: number): void {
    if (this.#accepted === 0) this.#missing = missing;
    if (missing !== this.#missing && this.#perEvent === undefined) {
      this.#perEvent = new Uint8Array(this.#events).fill(this.#missing, 0, this.#accepted);
    }
    if (this.#perEvent !== undefined) this.#perEvent[this.#accepted] = missing;
    this.#accepted += 1;
  }

  #reject(event: RejectedEvent): void {
    const { index, code } = event;
    const isDetailed = this.#rejected.length < maxDetailed;
    this.#rejected.push(isDetailed ? event : { index, code, detail: `events[${index}]` });
  }
}
