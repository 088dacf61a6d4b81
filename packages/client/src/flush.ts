import type { Ms, World } from '@weir/core/world/world';
import type { Outbox } from './outbox.ts';
import { WeirError } from './weir-error.ts';

/** How long to wait for what is under way. */
export interface FlushOptions {
  /** @default 30_000 */
  readonly timeoutMs?: Ms | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What became of the events that were under way when `flush` was called. */
export interface FlushResult {
  readonly acked: number;
  readonly rejected: number;
  readonly dropped: number;
  /** Not delivered, and safe in the spool. */
  readonly spooled: number;
}

const defaultTimeoutMs = 30_000;

/** Waits until nothing of what was taken before is under way any more. */
export async function awaitFlush(
  outbox: Outbox,
  world: World,
  { timeoutMs = defaultTimeoutMs, signal }: FlushOptions,
): Promise<FlushResult> {
  const tallies = outbox.hurry();
  const before = tallies.map(({ acked, rejected, dropped }) => ({ acked, rejected, dropped }));
  const sum = (): FlushResult => {
    const result = { acked: 0, rejected: 0, dropped: 0, spooled: 0 };
    for (const [i, tally] of tallies.entries()) {
      for (const how of ['acked', 'rejected', 'dropped'] as const) {
        result[how] += tally[how] - (before[i]?.[how] ?? 0);
      }
    }
    return result;
  };
  const left = (): number => tallies.reduce((total, tally) => total + tally.outstanding, 0);
  await allEmpty(left, tallies, world, { timeoutMs, signal });
  if (left() === 0) return sum();
  if (outbox.isSpooled) return { ...sum(), spooled: left() };
  const told = signal?.aborted ? 'cancelled' : 'flush_timeout';
  const why = signal?.aborted ? 'the signal was aborted' : `not everything left in ${timeoutMs} ms`;
  throw new WeirError(told, `${why}: ${left()} events are still under way`, {
    cause: signal?.aborted ? signal.reason : undefined,
  });
}

function allEmpty(
  left: () => number,
  tallies: readonly { onEmpty(tell: () => void): () => void }[],
  world: World,
  { timeoutMs, signal }: { timeoutMs: Ms; signal: AbortSignal | undefined },
): Promise<void> {
  if (left() === 0 || signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      for (const stop of stops) stop();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const stops = tallies.map((tally) =>
      tally.onEmpty(() => {
        if (left() === 0) done();
      }),
    );
    if (timeoutMs < Infinity) stops.push(world.after(timeoutMs, done));
    signal?.addEventListener('abort', done);
  });
}
