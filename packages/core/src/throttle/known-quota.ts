import type { Cost } from '../admission.ts';
import { checkCount } from '../check.ts';
import type { Limit } from '../wire/rate-headers.ts';
import type { Ms } from '../world/world.ts';
import type { RatePace } from './rate-pace.ts';
import type { Outcome, Throttle, ThrottleSnapshot } from './throttle.ts';

/** Makes the pace of a rate: a token in each such time. */
export type PaceOf = (tokenMs: Ms) => RatePace;

const mostUnderWay = 65_536;

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
 * does. What a reply tells itself stays as it was told. While replies tell nothing at all, the known rate
 * alone paces, and the throttle inside bounds what is under way. Throws a RangeError where the quota is none.
 */
export class InformedThrottle implements Throttle {
  readonly #inside: Throttle;
  readonly #known: Pick<Limit, 'tokens' | 'periodMs' | 'burst' | 'unit'>;
  readonly #pace: RatePace;
  /** By what `sent` returned: when it went. At most as many as the throttle inside lets be under way. */
  readonly #sentMs = new Map<number, Ms>();
  #isTold = false;

  constructor(inside: Throttle, { tokens, periodMs, burst }: KnownQuota, pace: PaceOf) {
    checkCount('quota.tokens', tokens);
    checkCount('quota.burst', burst);
    if (!(periodMs > 0 && periodMs < Infinity)) {
      throw new RangeError(`quota.periodMs must be more than 0, not ${periodMs}`);
    }
    this.#inside = inside;
    this.#known = { tokens, periodMs, burst, unit: 'requests' };
    this.#pace = pace(periodMs / tokens);
  }

  readyAtMs(nowMs: Ms, cost: Cost): Ms {
    const readyMs = this.#inside.readyAtMs(nowMs, cost);
    return this.#isTold ? readyMs : Math.max(readyMs, this.#pace.readyAtMs(nowMs));
  }

  sent(nowMs: Ms, cost: Cost): number {
    const sent = this.#inside.sent(nowMs, cost);
    if (this.#isTold) return sent;
    this.#pace.sent(nowMs);
    this.#sentMs.set(sent, nowMs);
    if (this.#sentMs.size > mostUnderWay) this.#forgetOldest();
    return sent;
  }

  learn(outcome: Outcome, nowMs: Ms): void {
    const limits = outcome.limits.map((limit) => this.#completed(limit));
    if (limits.length > 0) this.#isTold = true;
    const { sent, cause, retryAfterMs = 0 } = outcome;
    const sentMs = this.#sentMs.get(sent);
    this.#sentMs.delete(sent);
    if (this.#isTold || sentMs === undefined) {
      this.#inside.learn({ ...outcome, limits }, nowMs);
      return;
    }
    if (cause === 'ok') this.#pace.admitted();
    if (cause === 'rate_limited') this.#pace.refused(sentMs, retryAfterMs, nowMs);
    // The throttle inside would look for the rate by refusals: to it this one is none.
    this.#inside.learn(
      cause === 'rate_limited' ? { ...outcome, cause: 'overloaded' } : outcome,
      nowMs,
    );
  }

  snapshot(nowMs: Ms): ThrottleSnapshot {
    const inside = this.#inside.snapshot(nowMs);
    const { perSecond } = this.#pace;
    if (this.#isTold || perSecond === undefined) return inside;
    const readyAtMs = Math.max(inside.readyAtMs, this.#pace.readyAtMs(nowMs));
    return { ...inside, perSecond, readyAtMs, waitingFor: readyAtMs > nowMs ? 'pace' : 'nothing' };
  }

  #forgetOldest(): void {
    for (const oldest of this.#sentMs.keys()) {
      this.#sentMs.delete(oldest);
      return;
    }
  }

  #completed(limit: Limit): Limit {
    if (limit.tokens !== undefined && limit.periodMs !== undefined) return limit;
    return { ...limit, ...this.#known };
  }
}
