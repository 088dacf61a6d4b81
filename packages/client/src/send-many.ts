import type { EventMap, TrackOptions } from './client.ts';
import type { Intake } from './intake.ts';
import type { Waiter } from './item.ts';
import { cancelled } from './room-line.ts';
import { isWeirError, type WeirError } from './weir-error.ts';

/** One event of many. */
export type ManyEvent<Events extends EventMap> = {
  [Name in keyof Events & string]: TrackOptions & {
    readonly type: Name;
    readonly data: Events[Name];
  };
}[keyof Events & string];

/** What became of them. */
export interface ManyResult {
  /** Taken by the server. */
  readonly accepted: number;
  /** Not taken: invalid, refused or given up. */
  readonly failed: number;
  /** The first 1,000 of these, by their place among all, from 0. */
  readonly failures: readonly { readonly index: number; readonly error: WeirError }[];
}

const mostFailures = 1_000;

/** Feeds an iterable to the way in, as fast as there is room, and waits for all answers. */
export async function sendMany<Events extends EventMap>(
  events: Iterable<ManyEvent<Events>> | AsyncIterable<ManyEvent<Events>>,
  intake: Intake,
  signal: AbortSignal | undefined,
): Promise<ManyResult> {
  const many = new Many();
  let index = 0;
  for await (const event of events) {
    many.under += 1;
    const answer = new OneOfMany(many, index);
    index += 1;
    if (!intake.isEnabled) answer.taken();
    else await feedOne(intake, event, answer, signal);
  }
  many.isComplete = true;
  if (many.under > 0) await untilAnswered(many.allAnswered, signal);
  const { accepted, failed, failures } = many;
  return { accepted, failed, failures };
}

/** What became of the events of one call so far. */
class Many {
  readonly failures: { index: number; error: WeirError }[] = [];
  accepted = 0;
  failed = 0;
  under = 0;
  isComplete = false;
  readonly allAnswered: Promise<void>;
  readonly #resolve: () => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.allAnswered = promise;
    this.#resolve = resolve;
  }

  answered(): void {
    this.under -= 1;
    if (this.isComplete && this.under === 0) this.#resolve();
  }
}

/** Waits for one event. As many are in memory as events, so it is small: two closures took 200 bytes. */
class OneOfMany implements Waiter {
  readonly #many: Many;
  readonly #index: number;

  constructor(many: Many, index: number) {
    this.#many = many;
    this.#index = index;
  }

  taken(): void {
    this.#many.accepted += 1;
    this.#many.answered();
  }

  failed(error: WeirError): void {
    const many = this.#many;
    many.failed += 1;
    if (many.failures.length < mostFailures) many.failures.push({ index: this.#index, error });
    many.answered();
  }
}

/** An event that can never be sent fails alone; those behind it go on. */
async function feedOne(
  intake: Intake,
  event: Parameters<Intake['feed']>[0],
  waiter: Parameters<Intake['feed']>[1],
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await intake.feed(event, waiter, signal);
  } catch (error) {
    const isItsOwn = isWeirError(error, 'invalid_event') || isWeirError(error, 'event_too_large');
    if (!isItsOwn) throw error;
    waiter.failed(error);
  }
}

function untilAnswered(all: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return all;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const aborted = (): void => reject(cancelled(signal));
  if (signal.aborted) aborted();
  signal.addEventListener('abort', aborted);
  all.then(resolve, reject);
  return promise.finally(() => signal.removeEventListener('abort', aborted));
}
