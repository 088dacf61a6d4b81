import { checkCount } from './check.ts';
import type { Ms } from './world/world.ts';

/** How many requests may be under way at once: from `least` to `most`, beginning with `first`. */
export interface ConcurrencyBounds {
  readonly first: number;
  /** So few do no harm to a store that refuses a share of whatever comes. */
  readonly least: number;
  readonly most: number;
}

/** What one reply tells. `congested`: the other side asked for less; `late`: none came in time. */
export interface ConcurrencyReply {
  readonly said: 'ok' | 'congested' | 'late';
  readonly sentMs: Ms;
  /** How long it took, by the size of the request: large ones must not seem slow. */
  readonly tookMs: Ms;
  /** Requests under way when it came, itself included. */
  readonly underWay: number;
}

/** All that is known; a value, so the next one is made of it. */
export interface ConcurrencyState {
  /** Between `least` and `most`; its whole part is how many requests may be under way. */
  readonly limit: number;
  /** The round trip under way began here, and ends with the first reply to a request sent since. */
  readonly sinceMs: Ms;
  /** Replies in it so far. */
  readonly ok: number;
  readonly pushedBack: number;
  readonly okMs: Ms;
  /** Whether all of the limit was in use at one of its moments. */
  readonly full: boolean;
  /** Mean time of a reply, and its mean deviation; undefined until a reply came. */
  readonly usualMs: Ms | undefined;
  readonly deviationMs: Ms;
}

/** What a slow round trip leaves of the limit. */
const keptWhenSlow = 0.9;
/** What a round trip that was refused as a whole leaves of it. */
const lostWhenRefused = 0.5;
const meanShare = 1 / 8;
const deviationShare = 1 / 4;
const deviations = 4;
/** Differences below are the noise of clocks and schedulers. */
const leastDeviationMs: Ms = 5;

export function startConcurrency(bounds: ConcurrencyBounds, nowMs: Ms): ConcurrencyState {
  const { first, least, most } = bounds;
  checkCount('first', first);
  checkCount('least', least);
  checkCount('most', most);
  const fresh = { sinceMs: nowMs, ok: 0, pushedBack: 0, okMs: 0, full: false };
  return { limit: within(bounds, first), ...fresh, usualMs: undefined, deviationMs: 0 };
}

/** How many requests may be under way. */
export function placesIn({ limit }: ConcurrencyState): number {
  return Math.floor(limit);
}

/**
 * Learns from a reply how many requests the other side bears: additive increase, multiplicative
 * decrease, decided once in each round trip.
 *
 * - What was served adds its share of one place, if the limit was in use (RFC 5681, 3.1; 7661).
 * - What was refused or came late takes half of its share of the limit: all of it refused halves
 *   the limit, one of ten takes a twentieth (the law of DCTCP, RFC 8257, 3.3). So a store that turns
 *   away the same share of whatever comes is not throttled to a trickle.
 * - Where nothing was refused, yet replies took longer than the usual time and four times its
 *   deviation (the estimators of RFC 6298, 2), a tenth goes.
 */
export function learnConcurrency(
  state: ConcurrencyState,
  { said, sentMs, tookMs, underWay }: ConcurrencyReply,
  bounds: ConcurrencyBounds,
  nowMs: Ms,
): ConcurrencyState {
  const isOk = said === 'ok';
  const seen: ConcurrencyState = {
    ...state,
    ok: state.ok + (isOk ? 1 : 0),
    okMs: state.okMs + (isOk ? tookMs : 0),
    pushedBack: state.pushedBack + (isOk ? 0 : 1),
    full: state.full || underWay >= placesIn(state),
  };
  if (sentMs < state.sinceMs) return seen;
  const limit = within(bounds, nextLimit(seen));
  const fresh = { sinceMs: nowMs, ok: 0, pushedBack: 0, okMs: 0, full: false };
  return { limit, ...fresh, ...usualTime(seen) };
}

function within({ least, most }: ConcurrencyBounds, limit: number): number {
  return Math.min(most, Math.max(least, limit));
}

function nextLimit(state: ConcurrencyState): number {
  const { limit, ok, pushedBack, full } = state;
  const refused = pushedBack / (ok + pushedBack);
  if (refused === 0 && isSlow(state)) return limit * keptWhenSlow;
  return limit * (1 - lostWhenRefused * refused) + (full ? 1 - refused : 0);
}

function isSlow({ ok, okMs, usualMs, deviationMs }: ConcurrencyState): boolean {
  if (usualMs === undefined) return false;
  return okMs / ok > usualMs + deviations * Math.max(leastDeviationMs, deviationMs);
}

/** The estimators of RFC 6298, fed with the mean of a round trip. */
function usualTime({ ok, okMs, usualMs, deviationMs }: ConcurrencyState) {
  if (ok === 0) return { usualMs, deviationMs };
  const meanMs = okMs / ok;
  if (usualMs === undefined) return { usualMs: meanMs, deviationMs: meanMs / 2 };
  const off = meanMs > usualMs ? meanMs - usualMs : usualMs - meanMs;
  return {
    usualMs: usualMs + (meanMs - usualMs) * meanShare,
    deviationMs: deviationMs + (off - deviationMs) * deviationShare,
  };
}
