import type { Cost } from '@weir/core/admission';
import { gcra, type Quota, type RateState, type Verdict } from '@weir/core/gcra';
import { QuotaSlots } from '@weir/core/quota-slots';
import type { SlotBounds } from '@weir/core/slots';
import type { Cause } from '@weir/core/throttle/throttle';
import { LimitOnTheWire } from '@weir/core/wire/limit-on-the-wire';
import { type Limit, retryAfterSeconds } from '@weir/core/wire/rate-headers';
import type { Ms, Us } from '@weir/core/world/world';
import { compileTerms, type QuotaTermsMs, type Tells } from '../scenario.ts';

/** The reply to a request, as its sender reads it. */
export interface Reply {
  cause: Cause;
  retryAfterMs: Ms | undefined;
  nextMs: Ms | undefined;
  limits: readonly Limit[];
  /** What was left, whether the reply tells it or not. */
  remaining: number;
}

export interface QuotaServerOptions {
  readonly terms: QuotaTermsMs;
  readonly initialTokens: number;
  readonly tells: Tells;
  readonly slotBounds: SlotBounds;
}

/** What every simulated request costs. */
export const oneRequest: Cost = { requests: 1, events: 1, bytes: 1_000 };
const nothing: readonly Limit[] = [];
const unknown = {
  withinMs: undefined,
  tokens: undefined,
  periodMs: undefined,
  burst: undefined,
  unit: undefined,
} as const;

/** A reply to be kept beyond the next request. */
export function copyOf(reply: Reply): Reply {
  return { ...reply, limits: reply.limits.map((limit) => ({ ...limit })) };
}

/**
 * A quota with the shipping law and the shipping slots, and what its replies tell. One quota needs
 * no more of `decide` than the law itself.
 */
export class QuotaServer {
  /** To the last request; overwritten by the next, with all that is in it. */
  readonly reply: Reply = {
    cause: 'ok',
    retryAfterMs: undefined,
    nextMs: undefined,
    limits: nothing,
    remaining: 0,
  };
  readonly #tells: Tells;
  readonly #slots: QuotaSlots;
  readonly #ask: { readonly cost: number; nowUs: Us } = { cost: oneRequest.requests, nowUs: 0 };
  #quota: Quota;
  #state: RateState | undefined;
  #wire: LimitOnTheWire;

  constructor({ terms, initialTokens, tells, slotBounds }: QuotaServerOptions) {
    this.#tells = tells;
    this.#slots = new QuotaSlots(slotBounds);
    this.#quota = compileTerms(terms);
    this.#wire = wireOf(this.#quota);
    this.#state = gcra(this.#quota, undefined, 0, this.#quota.burst - initialTokens).next;
  }

  /** Decides on one request and fills `reply`. `sender` is -1 where it does not name itself. */
  arrive(nowUs: Us, sender: number, lot: number): void {
    const { reply } = this;
    const verdict = gcra(this.#quota, this.#state, nowUs, oneRequest.requests);
    if (verdict.changed) this.#state = verdict.next;
    reply.cause = verdict.allowed ? 'ok' : 'rate_limited';
    reply.remaining = verdict.remaining;
    if (this.#tells === 'hints') reply.nextMs = this.#nextMs(verdict, sender, nowUs);
    this.#tell(verdict, lot);
  }

  /** Another quota from now on. What was left stays left, as far as the new burst holds it. */
  change(terms: QuotaTermsMs, nowUs: Us): void {
    const before = this.#quota;
    const state = this.#state;
    const debt = state === undefined ? 0 : (state.tatUs - nowUs) * state.r + state.rest;
    const owed = Math.min(before.burst, Math.max(0, debt / before.p));
    const quota = compileTerms(terms);
    const after = Math.floor(owed * quota.p + Math.max(0, quota.burst - before.burst) * quota.p);
    const wholeUs = Math.floor(Math.min(after, quota.cap) / quota.r);
    this.#state = { tatUs: nowUs + wholeUs, rest: 0, r: quota.r };
    this.#quota = quota;
    this.#wire = wireOf(quota);
  }

  #nextMs(verdict: Verdict, sender: number, nowUs: Us): Ms | undefined {
    if (sender < 0) return undefined;
    this.#ask.nowUs = nowUs;
    const atUs = this.#slots.tell(sender, this.#quota, verdict, this.#ask);
    if (atUs === undefined) return undefined;
    return Math.ceil(Math.max(atUs - nowUs, verdict.retryAfterUs) / 1_000);
  }

  #tell(verdict: Verdict, lot: number): void {
    const { reply } = this;
    const { allowed, remaining } = verdict;
    const waitMs = verdict.retryAfterUs / 1_000;
    switch (this.#tells) {
      case 'hints':
      case 'headers':
        reply.limits = this.#wire.read(verdict);
        reply.retryAfterMs = allowed ? undefined : Math.ceil(waitMs);
        return;
      case 'remaining':
        reply.limits = [{ ...unknown, name: 'requests', remaining }];
        return;
      case 'retry-after':
        reply.retryAfterMs = allowed ? undefined : 1_000 * retryAfterSeconds(waitMs, lot);
        return;
      case 'status':
    }
  }
}

function wireOf(quota: Quota): LimitOnTheWire {
  return new LimitOnTheWire({ name: 'requests', unit: 'requests', quota });
}
