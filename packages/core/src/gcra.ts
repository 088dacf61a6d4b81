import { checkCount } from './check.ts';
import type { Us } from './world/world.ts';

/** A quota as people write it. All three are whole numbers of at least 1. */
export interface QuotaTerms {
  /** So many tokens are earned… */
  readonly tokens: number;
  /** … in each such time. */
  readonly periodUs: Us;
  /** The most a caller who was idle may spend at one instant. */
  readonly burst: number;
}

/**
 * A quota ready to be decided on: made by `compileQuota` only. Debt is counted in units of 1/`r` µs,
 * in which a token weighs exactly `p`, so nothing is ever rounded.
 */
export interface Quota extends QuotaTerms {
  /** `periodUs` ÷ `tokens`, reduced: the numerator. */
  readonly p: number;
  /** `periodUs` ÷ `tokens`, reduced: the denominator. */
  readonly r: number;
  /** The most that may be owed: `burst` × `p`. */
  readonly cap: number;
}

/** When spending is even again: an instant, and a rest counted in 1/`r` µs, below `r`. */
export interface RateState {
  readonly tatUs: Us;
  readonly rest: number;
  readonly r: number;
}

/** What is to be kept of a quota from now on. */
export interface Settled {
  /** undefined where nothing is owed, which is the same as never seen. */
  readonly next: RateState | undefined;
  /** Whether `next` differs from what was kept: then write it, or delete where it is undefined. */
  readonly changed: boolean;
}

export interface Verdict extends Settled {
  readonly allowed: boolean;
  /** The cost exceeds the burst: no waiting cures that. */
  readonly oversize: boolean;
  /** Tokens that could still be spent at this instant, after this decision. */
  readonly remaining: number;
  /** The first instant at which the same cost passes; 0 when allowed, Infinity when oversize. */
  readonly retryAfterUs: Us;
  /** Until nothing is owed. */
  readonly resetUs: Us;
  /** Until `remaining` grows by one; 0 when it is full. */
  readonly nextUs: Us;
}

const exactBelow = 9_007_199_254_740_992; // 2^53
const longestResetUs = exactBelow / 2; // 142 years: an instant of this age plus it stays exact

/**
 * Checks a quota and reduces its rate. Throws a RangeError that says what is wrong where a value is
 * no positive whole number, or where its debt could not be counted exactly.
 */
export function compileQuota({ tokens, periodUs, burst }: QuotaTerms): Quota {
  checkCount('tokens', tokens);
  checkCount('periodUs', periodUs);
  checkCount('burst', burst);
  const divisor = greatestCommonDivisor(tokens, periodUs);
  const p = periodUs / divisor;
  const r = tokens / divisor;
  const cap = burst * p;
  if (cap >= exactBelow || cap / r > longestResetUs) {
    const text = `${tokens} tokens per ${periodUs} µs with a burst of ${burst}`;
    throw new RangeError(`${text} is too large to be counted exactly: lower burst or period`);
  }
  return { tokens, periodUs, burst, p, r, cap };
}

/**
 * Generic Cell Rate Algorithm: may `cost` tokens be spent at `nowUs`?
 *
 * Who spends runs into debt, which time pays off at the quota's rate, and may owe at most the burst.
 * Pure: the tokens are spent only if the caller keeps `next`. A cost of 0 peeks.
 *
 * A debt above the burst (a clock that stepped back, a burst that was lowered) is cut to it, and
 * that is written back even on a refusal: otherwise Retry-After would repeat itself without end.
 *
 * @param state what was kept; undefined if nothing was
 * @param nowUs whole, from whatever start, as long as it is the same for all decisions on a state
 * @param cost a whole number of tokens, 0 or more
 */
export function gcra(quota: Quota, state: RateState | undefined, nowUs: Us, cost: number): Verdict {
  const { p, r, cap } = quota;
  const owed = owedAt(state, r, nowUs);
  const debt = clamp(owed, cap);
  const lackingDebt = cost * p - (cap - debt); // in this order every step is exact, or huge
  const allowed = lackingDebt <= 0;
  const oversize = cost > quota.burst;
  const after = allowed ? debt + cost * p : debt;
  const free = cap - after;
  const remaining = Math.floor(free / p);
  const changed = owed > cap || (allowed && cost > 0);
  return {
    allowed,
    oversize,
    remaining,
    retryAfterUs: allowed ? 0 : oversize ? Infinity : Math.ceil(lackingDebt / r),
    resetUs: Math.ceil(after / r),
    nextUs: after === 0 ? 0 : Math.ceil(((remaining + 1) * p - free) / r),
    next: changed ? stateOf(after, r, nowUs) : after === 0 ? undefined : state,
    changed: changed || (after === 0 && state !== undefined),
  };
}

/** Whether `gcra` would allow it: the same answer without a verdict, for refusals already known. */
export function admits(
  quota: Quota,
  state: RateState | undefined,
  nowUs: Us,
  cost: number,
): boolean {
  const debt = clamp(owedAt(state, quota.r, nowUs), quota.cap);
  return cost * quota.p <= quota.cap - debt;
}

/** Gives back `tokens` that were spent in vain. What is not owed cannot be given back. */
export function refund(
  quota: Quota,
  state: RateState | undefined,
  nowUs: Us,
  tokens: number,
): Settled {
  if (state === undefined) return { next: undefined, changed: false };
  const debt = clamp(owedAt(state, quota.r, nowUs), quota.cap);
  const after = Math.max(0, debt - tokens * quota.p);
  return { next: after === 0 ? undefined : stateOf(after, quota.r, nowUs), changed: true };
}

/** Charges `tokens` whether or not there is room for them. Nobody owes more than the burst. */
export function charge(
  quota: Quota,
  state: RateState | undefined,
  nowUs: Us,
  tokens: number,
): Settled {
  const debt = clamp(owedAt(state, quota.r, nowUs), quota.cap);
  const after = Math.min(quota.cap, debt + tokens * quota.p);
  const changed = after > 0 || state !== undefined;
  return { next: after === 0 ? undefined : stateOf(after, quota.r, nowUs), changed };
}

/** Sees to it that at least `tokens` are owed, up to the burst. To do so again changes nothing. */
export function raise(
  quota: Quota,
  state: RateState | undefined,
  nowUs: Us,
  tokens: number,
): Settled {
  const debt = clamp(owedAt(state, quota.r, nowUs), quota.cap);
  const missing = Math.min(quota.cap, tokens * quota.p) - debt;
  const changed = missing > 0 || state !== undefined;
  const after = debt + Math.max(0, missing);
  return { next: after === 0 ? undefined : stateOf(after, quota.r, nowUs), changed };
}

/** In 1/r µs; below 0 where it was paid long ago, above any cap where a clock stepped back. */
function owedAt(state: RateState | undefined, r: number, nowUs: Us): number {
  if (state === undefined) return 0;
  if (state.r === r) return (state.tatUs - nowUs) * r + state.rest;
  return (state.tatUs + 1 - nowUs) * r; // a rest in other units: rounded up, so never too generous
}

function clamp(owed: number, cap: number): number {
  return Math.min(cap, Math.max(0, owed));
}

// Whole numbers below 2^53 divide exactly under floor and ceil, and `%` is several times slower.
function stateOf(debt: number, r: number, nowUs: Us): RateState {
  const wholeUs = Math.floor(debt / r);
  return { tatUs: nowUs + wholeUs, rest: debt - wholeUs * r, r };
}

export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
