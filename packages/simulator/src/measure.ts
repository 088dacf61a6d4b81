import type { Ms } from '@weir/core/world/world';
import type { Result, Timeline } from './run.ts';
import { jain, sampleStdev } from './statistics/moments.ts';

/** The measures of one run. Shares lie between 0 and 1; null where a measure has no meaning. */
export interface Measures {
  /** Mean over clients of each one's refused ÷ all requests, as the Heroku gem has it. */
  readonly retryRate: number;
  /** Refused ÷ all requests. */
  readonly refusedShare: number;
  readonly maxSleepMs: Ms;
  /** Sample standard deviation of clients' requests, refused ones included. */
  readonly requestCountStdev: number;
  /** From the start until the last client left; null where not all left. */
  readonly timeToClearMs: Ms | null;
  /** Admitted ÷ tokens there were. */
  readonly quotaUsed: number;
  /** From wanting a request to its success. */
  readonly p50WaitMs: Ms;
  readonly p99WaitMs: Ms;
  /** Jain's index over what clients got: 1 where all got the same, 1/n where one got all. */
  readonly jain: number;
  /** Most refusals a second, over a window of 5 s. */
  readonly peakRefusedPerSecond: number;
  readonly requests: number;
  readonly refused: number;
  readonly admitted: number;
  readonly lost: number;
}

/** Reads the measures of a run. */
export function measure(result: Result): Measures {
  const { clients, timeline, waits, tokensOffered, cleared, endedMs, lost } = result;
  const { requests, refused, longestSleepUs } = clients;
  const admitted = requests.map((count, client) => count - (refused[client] as number));
  const shares = requests.map((count, i) => (count === 0 ? 0 : (refused[i] as number) / count));
  const sums = { requests: sum(requests), refused: sum(refused), admitted: sum(admitted) };
  return {
    retryRate: sum(shares) / shares.length,
    refusedShare: sums.requests === 0 ? 0 : sums.refused / sums.requests,
    maxSleepMs: largest(longestSleepUs) / 1_000,
    requestCountStdev: sampleStdev(requests),
    timeToClearMs: cleared ? endedMs : null,
    quotaUsed: sums.admitted / tokensOffered,
    p50WaitMs: waits.quantileUs(0.5) / 1_000,
    p99WaitMs: waits.quantileUs(0.99) / 1_000,
    jain: jain(admitted),
    peakRefusedPerSecond: (1_000 * largest(timeline.refused)) / timeline.windowMs,
    ...sums,
    lost,
  };
}

/**
 * How long after a change senders use the new rate: the start of the first minute from then on, in
 * steps of one window, in which at least 90 % of its capacity is used and less than 5 % refused.
 *
 * @param perSecond the rate from `fromMs` on
 * @returns null where no such minute begins before `untilMs`
 */
export function settledAfterMs(
  timeline: Timeline,
  perSecond: number,
  fromMs: Ms,
  untilMs: Ms,
): Ms | null {
  const minuteMs = 60_000;
  for (let atMs = fromMs; atMs + minuteMs <= untilMs; atMs += timeline.windowMs) {
    const { admitted, refused } = countsBetween(timeline, atMs, atMs + minuteMs);
    const isUsed = admitted >= 0.9 * perSecond * (minuteMs / 1_000);
    if (isUsed && refused < 0.05 * (admitted + refused)) return atMs - fromMs;
  }
  return null;
}

/** What was decided between two instants, each rounded to a window's border. */
export function countsBetween(
  { windowMs, admitted, refused }: Timeline,
  fromMs: Ms,
  untilMs: Ms,
): { readonly admitted: number; readonly refused: number } {
  const from = Math.round(fromMs / windowMs);
  const until = Math.round(untilMs / windowMs);
  return {
    admitted: sum(admitted.subarray(from, until)),
    refused: sum(refused.subarray(from, until)),
  };
}

type Numbers = Float64Array | Uint32Array;

function sum(values: Numbers): number {
  let total = 0;
  for (let i = 0; i < values.length; i += 1) total += values[i] as number;
  return total;
}

function largest(values: Numbers): number {
  let most = 0;
  for (let i = 0; i < values.length; i += 1) most = Math.max(most, values[i] as number);
  return most;
}
