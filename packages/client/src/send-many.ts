import type { EventMap, TrackOptions } from './client.ts';
import type { Intake } from './intake.ts';
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
  const failures: { index: number; error: WeirError }[] = [];
  let accepted = 0;
  let failed = 0;
  let under = 0;
  const { promise: allAnswered, resolve } = Promise.withResolvers<void>();
  let isComplete = false;
  const answered = (): void => {
    under -= 1;
    if (isComplete && under === 0) resolve();
  };
  const fail = (index: number, error: WeirError): void => {
    failed += 1;
    if (failures.length < mostFailures) failures.push({ index, error });
    answered();
  };
  let index = 0;
  for await (const event of events) {
    const place = index;
    index += 1;
    under += 1;
    const waiter = {
      taken: () => {
        accepted += 1;
        answered();
      },
      failed: (error: WeirError) => fail(place, error),
    };
    if (!intake.isEnabled) waiter.taken();
    else await feedOne(intake, event, waiter, signal);
  }
  isComplete = true;
  if (under > 0) await untilAnswered(allAnswered, signal);
  return { accepted, failed, failures };
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
