import type { Cost } from '../admission.ts';
import { checkCount } from '../check.ts';
import type { Limit } from '../wire/rate-headers.ts';
import type { Ms } from '../world/world.ts';
import type { Outcome, Throttle, ThrottleSnapshot } from './throttle.ts';

/** A quota whose server tells no more than what is left of it: who knows the rest says it here. */
export interface KnownQuota {
  /** So many requests are earned… */
  readonly tokens: number;
  /** … in each such time. */
  readonly periodMs: Ms;
  /** The most that may be left. */
  readonly burst: number;
}

/**
 * Completes what replies tell of a quota by what is known of it, then does as the throttle inside
 * does. What a reply tells itself stays as it was told. Throws a RangeError where the quota is none.
 */
export class InformedThrottle implements Throttle {
  readonly #inside: Throttle;
  readonly #known: Pick<Limit, 'tokens' | 'periodMs' | 'burst' | 'unit'>;

  constructor(inside: Throttle, { tokens, periodMs, burst }: KnownQuota) {
    checkCount('quota.tokens', tokens);
    checkCount('quota.burst', burst);
    if (!(periodMs > 0 && periodMs < Infinity)) {
      throw new RangeError(`quota.periodMs must be more than 0, not ${periodMs}`);
    }
    this.#inside = inside;
    this.#known = { tokens, periodMs, burst, unit: 'requests' };
  }

  readyAtMs(nowMs: Ms, cost: Cost): Ms {
    return this.#inside.readyAtMs(nowMs, cost);
  }

  sent(nowMs: Ms, cost: Cost): number {
    return this.#inside.sent(nowMs, cost);
  }

  learn(outcome: Outcome, nowMs: Ms): void {
    const limits = outcome.limits.map((limit) => this.#completed(limit));
    this.#inside.learn({ ...outcome, limits }, nowMs);
  }

  snapshot(nowMs: Ms): ThrottleSnapshot {
    return this.#inside.snapshot(nowMs);
  }

  #completed(limit: Limit): Limit {
    if (limit.tokens !== undefined && limit.periodMs !== undefined) return limit;
    return { ...limit, ...this.#known };
  }
}
