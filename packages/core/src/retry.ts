import type { Ms } from './world/world.ts';

export interface BackoffBounds {
  /** Longest wait after the first failure; it doubles with each further one. */
  readonly baseMs: Ms;
  /** No wait is longer, but for the floor. */
  readonly maxMs: Ms;
}

/**
 * How long to wait before trying again: exponential, with full jitter, so that many who failed
 * together do not come back together.
 *
 * @param failures in a row, at least 1
 * @param floorMs what the other side asked for; the jitter comes on top, since all were told alike
 * @param lot uniform in [0, 1)
 */
export function backoffMs(bounds: BackoffBounds, failures: number, floorMs: Ms, lot: number): Ms {
  const doublings = Math.min(30, failures - 1); // beyond, any maximum is reached
  const ceilingMs = Math.min(bounds.maxMs, bounds.baseMs * (1 << doublings));
  return floorMs + lot * ceilingMs;
}

const costOfRetry = 10; // of what ten first attempts earn
const mostSaved = 10 * costOfRetry;
const freeEveryMs = 6_000;

/**
 * Keeps retries to a tenth of first attempts, so that a struggling server is not buried under them,
 * yet lets one through every 6 s, so that a quiet sender still recovers. At most ten retries are
 * saved up for bad times.
 */
export class RetryBudget {
  #saved = 0;
  #lastRetryMs: Ms = -Infinity;

  /** A first attempt was made. */
  earn(): void {
    this.#saved = Math.min(mostSaved, this.#saved + 1);
  }

  /** The first instant at which `spend` says yes, unless something else is earned or spent before. */
  readyAtMs(nowMs: Ms): Ms {
    return this.#saved >= costOfRetry ? nowMs : Math.max(nowMs, this.#lastRetryMs + freeEveryMs);
  }

  /** Whether a retry may be made now; if so, it is paid for. */
  spend(nowMs: Ms): boolean {
    const isFree = nowMs - this.#lastRetryMs >= freeEveryMs;
    if (this.#saved < costOfRetry && !isFree) return false;
    this.#saved = Math.max(0, this.#saved - costOfRetry);
    this.#lastRetryMs = nowMs;
    return true;
  }
}
