import { backoffMs } from './retry.ts';
import type { Ms } from './world/world.ts';

export interface BreakerOptions {
  /** So many failures in a row open it. */
  readonly failures: number;
  /** Longest first pause; it doubles with each probe that fails. */
  readonly firstPauseMs: Ms;
  readonly longestPauseMs: Ms;
}

/**
 * Whether to try at all. `closed`: as usual; `open`: not before `untilMs`, and then once; `probing`:
 * that one try is under way.
 */
export type BreakerState =
  | { readonly is: 'closed'; readonly failures: number }
  | { readonly is: 'open'; readonly pauses: number; readonly untilMs: Ms }
  | { readonly is: 'probing'; readonly pauses: number };

/**
 * What happened. `tried`: a try began, which `mayTry` allowed; `answered`: the other side works, even
 * if it said no; `failed`: it does not; `left`: a probe ended without telling.
 */
export type BreakerEvent =
  | { readonly what: 'tried' }
  | { readonly what: 'answered' }
  | { readonly what: 'failed'; readonly isProbe: boolean }
  | { readonly what: 'left' };

export const closedBreaker: BreakerState = { is: 'closed', failures: 0 };

export function mayTry(state: BreakerState, nowMs: Ms): boolean {
  return state.is === 'closed' || (state.is === 'open' && nowMs >= state.untilMs);
}

/**
 * A circuit breaker (M. Nygard, Release It!, 2007): after some failures in a row it opens, and lets
 * one probe through after each of ever longer pauses, until one is answered. A pause is drawn from
 * the upper half of its longest, so that many who failed together do not come back together, and
 * none comes at once.
 *
 * @param lot uniform in [0, 1)
 */
export function breakerAfter(
  state: BreakerState,
  event: BreakerEvent,
  options: BreakerOptions,
  { nowMs, lot }: { readonly nowMs: Ms; readonly lot: number },
): BreakerState {
  switch (event.what) {
    case 'tried':
      return state.is === 'open' ? { is: 'probing', pauses: state.pauses } : state;
    case 'answered':
      return closedBreaker;
    case 'left':
      return state.is === 'probing' ? { is: 'open', pauses: state.pauses, untilMs: nowMs } : state;
    case 'failed': {
      const next = afterFailure(state, event.isProbe, options);
      return typeof next === 'number' ? pause(next, options, nowMs, lot) : next;
    }
  }
}

/** The next state, or the number of the pause that begins now. */
function afterFailure(
  state: BreakerState,
  isProbe: boolean,
  { failures }: BreakerOptions,
): BreakerState | number {
  if (state.is === 'probing') return isProbe ? state.pauses + 1 : state;
  if (state.is === 'open') return state; // what was under way when it opened
  return state.failures + 1 < failures ? { is: 'closed', failures: state.failures + 1 } : 1;
}

function pause(
  pauses: number,
  { firstPauseMs, longestPauseMs }: BreakerOptions,
  nowMs: Ms,
  lot: number,
): BreakerState {
  const bounds = { baseMs: firstPauseMs, maxMs: longestPauseMs };
  return { is: 'open', pauses, untilMs: nowMs + backoffMs(bounds, pauses, 0, (1 + lot) / 2) };
}
