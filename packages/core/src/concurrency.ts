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
  /** Between `least` and `most`; but for a probe its whole part is how many may be under way. */
  readonly limit: number;
  /** The round trip under way began here, and ends with the first reply to a request sent since. */
  readonly sinceMs: Ms;
  /** Replies in it so far. */
  readonly ok: number;
  readonly congested: number;
  readonly late: number;
  readonly okMs: Ms;
  /** Whether all of the limit was in use at one of its moments. */
  readonly full: boolean;
  /** Mean time of a reply, and its mean deviation; undefined until a reply came. */
  readonly usualMs: Ms | undefined;
  readonly deviationMs: Ms;
  /** Share of requests that were refused lately, and the share that is refused however few ask. */
  readonly usuallyRefused: number;
  readonly alwaysRefused: number;
  /** Round trips since it was last found out what is refused of few, and until it is again. */
  readonly trips: number;
  readonly tripsToProbe: number;
  readonly probe: RefusalProbe | undefined;
}

/** A look at what share is refused while only a few ask. */
interface RefusalProbe {
  readonly sinceMs: Ms;
  readonly places: number;
  /** Replies to requests sent since. */
  readonly replies: number;
  readonly refused: number;
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

/** Fewer refusals than this are no matter. */
const noticedShare = 0.05;
/** A store that refuses more than this of a few is overloaded by others: all back off. */
const mostAlwaysRefused = 0.5;
/** The share of a few replies is off the true one by chance; beyond so many deviations it is not. */
const deviationsByChance = 2;
const refusedMeanShare = 1 / 16;
const probeReplies = 64;
/** From one probe to the next it is four times as long, up to the most. */
const leastTripsToProbe = 8;
const mostTripsToProbe = 2_048;

export function startConcurrency(bounds: ConcurrencyBounds, nowMs: Ms): ConcurrencyState {
  const { first, least, most } = bounds;
  checkCount('first', first);
  checkCount('least', least);
  checkCount('most', most);
  return {
    limit: within(bounds, first),
    ...freshTrip(nowMs),
    usualMs: undefined,
    deviationMs: 0,
    usuallyRefused: 0,
    alwaysRefused: 0,
    trips: 0,
    tripsToProbe: leastTripsToProbe,
    probe: undefined,
  };
}

/** How many requests may be under way. */
export function placesIn({ limit, probe }: ConcurrencyState): number {
  return Math.floor(probe === undefined ? limit : Math.min(limit, probe.places));
}

/**
 * Learns from a reply how many requests the other side bears: additive increase, multiplicative
 * decrease, decided once in each round trip.
 *
 * - What was served adds its share of one place, if the limit was in use (RFC 5681, 3.1; 7661).
 * - What was refused or came late takes half of its share of the limit: all of it refused halves
 *   the limit, one of ten takes a twentieth (the law of DCTCP, RFC 8257, 3.3).
 * - Some stores refuse a share of whatever comes, for reasons of their own; asking less of them
 *   only halves what they take. So while refusals go on, `least` requests at once are made now and
 *   then for 64 replies: what is refused even of so few takes nothing of the limit.
 * - Where nothing was lost, yet replies took longer than the usual time and four times its
 *   deviation (the estimators of RFC 6298, 2), a tenth goes.
 */
export function learnConcurrency(
  state: ConcurrencyState,
  reply: ConcurrencyReply,
  bounds: ConcurrencyBounds,
  nowMs: Ms,
): ConcurrencyState {
  const { said, sentMs, tookMs, underWay } = reply;
  const isOk = said === 'ok';
  const seen: ConcurrencyState = {
    ...state,
    ok: state.ok + (isOk ? 1 : 0),
    okMs: state.okMs + (isOk ? tookMs : 0),
    congested: state.congested + (said === 'congested' ? 1 : 0),
    late: state.late + (said === 'late' ? 1 : 0),
    full: state.full || underWay >= placesIn(state),
  };
  if (state.probe !== undefined) return learnProbe(seen, state.probe, reply, nowMs);
  if (sentMs < state.sinceMs) return seen;
  const next: ConcurrencyState = {
    ...seen,
    limit: within(bounds, nextLimit(seen)),
    ...freshTrip(nowMs),
    ...usualTime(seen),
    usuallyRefused: towards(state.usuallyRefused, refusedShare(seen), refusedMeanShare),
    trips: state.trips + 1,
  };
  const { trips, tripsToProbe, usuallyRefused } = next;
  if (trips < tripsToProbe) return next;
  if (usuallyRefused <= noticedShare) return { ...next, alwaysRefused: 0 };
  if (next.limit < bounds.least + 1) return next;
  return {
    ...next,
    trips: 0,
    tripsToProbe: Math.min(mostTripsToProbe, 4 * tripsToProbe),
    probe: { sinceMs: nowMs, places: bounds.least, replies: 0, refused: 0 },
  };
}

function within({ least, most }: ConcurrencyBounds, limit: number): number {
  return Math.min(most, Math.max(least, limit));
}

function freshTrip(sinceMs: Ms) {
  return { sinceMs, ok: 0, congested: 0, late: 0, okMs: 0, full: false };
}

function refusedShare({ ok, congested, late }: ConcurrencyState): number {
  return congested / (ok + congested + late);
}

function nextLimit(state: ConcurrencyState): number {
  const { limit, ok, congested, late, full, alwaysRefused, usuallyRefused } = state;
  const replies = ok + congested + late;
  // The share of one round trip is that of a few replies: where much is borne, the usual one tells.
  const refused =
    alwaysRefused < noticedShare
      ? congested / replies
      : Math.max(0, usuallyRefused - alwaysRefused - noticedShare);
  const lost = late / replies + refused;
  if (lost === 0 && isSlow(state)) return limit * keptWhenSlow;
  return limit * (1 - lostWhenRefused * lost) + (full ? ok / replies : 0);
}

function isSlow({ ok, okMs, usualMs, deviationMs }: ConcurrencyState): boolean {
  if (usualMs === undefined || ok === 0) return false;
  return okMs / ok > usualMs + deviations * Math.max(leastDeviationMs, deviationMs);
}

/** While few ask the limit stays as it is. */
function learnProbe(
  state: ConcurrencyState,
  probe: RefusalProbe,
  { said, sentMs }: ConcurrencyReply,
  nowMs: Ms,
): ConcurrencyState {
  if (sentMs < probe.sinceMs) return state;
  const replies = probe.replies + 1;
  const refused = probe.refused + (said === 'congested' ? 1 : 0);
  if (replies < probeReplies) return { ...state, probe: { ...probe, replies, refused } };
  const fresh = { ...state, ...freshTrip(nowMs), probe: undefined };
  return { ...fresh, alwaysRefused: alwaysRefused(refused / replies, state.usuallyRefused) };
}

/** Where few are refused as many ask, as far as can be told from so few replies, it is no matter of many. */
function alwaysRefused(ofFew: number, usually: number): number {
  const isSame = ofFew > usually - chance(usually, probeReplies);
  return Math.min(mostAlwaysRefused, isSame ? Math.max(ofFew, usually) : ofFew);
}

/** How far the share found in so many replies may be off the true one. */
function chance(share: number, replies: number): number {
  return deviationsByChance * Math.sqrt((share * (1 - share)) / replies);
}

/** The estimators of RFC 6298, fed with the mean of a round trip. */
function usualTime({ ok, okMs, usualMs, deviationMs }: ConcurrencyState) {
  if (ok === 0) return { usualMs, deviationMs };
  const meanMs = okMs / ok;
  if (usualMs === undefined) return { usualMs: meanMs, deviationMs: meanMs / 2 };
  const off = meanMs > usualMs ? meanMs - usualMs : usualMs - meanMs;
  return {
    usualMs: towards(usualMs, meanMs, meanShare),
    deviationMs: deviationMs + (off - deviationMs) * deviationShare,
  };
}

function towards(mean: number, value: number, share: number): number {
  return mean + (value - mean) * share;
}
