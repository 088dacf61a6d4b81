import { type Cost, type Decision, decide, type NamedQuota } from '@weir/core/admission';
import { gcra, type Quota, type RateState, type Verdict } from '@weir/core/gcra';
import { type KeyedQuota, type SlotBounds, Slots } from '@weir/core/slots';
import type { Cause } from '@weir/core/throttle/throttle';
import { LimitsOnTheWire } from '@weir/core/wire/limits-on-the-wire';
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

/** A quota with the shipping law and the shipping slots, and what its replies tell. */
export class QuotaServer {
  /** Of the last request; overwritten by the next. */
  readonly reply: Reply = {
    cause: 'ok',
    retryAfterMs: undefined,
    nextMs: undefined,
    limits: nothing,
    remaining: 0,
  };
  readonly #tells: Tells;
  readonly #slots: Slots;
  readonly #states: (RateState | undefined)[] = [undefined];
  #quotas: readonly KeyedQuota[];
  #wire: LimitsOnTheWire;

  constructor({ terms, initialTokens, tells, slotBounds }: QuotaServerOptions) {
    const quota = compileTerms(terms);
    this.#tells = tells;
    this.#slots = new Slots(slotBounds);
    this.#quotas = quotasOf(quota);
    this.#wire = new LimitsOnTheWire(this.#quotas);
    this.#states[0] = gcra(quota, undefined, 0, quota.burst - initialTokens).next;
  }

  /** Decides on one request and fills `reply`. `sender` is -1 where it does not name itself. */
  arrive(nowUs: Us, sender: number, lot: number): void {
    const decision = decide(this.#quotas, this.#states, oneRequest, nowUs);
    const verdict = decision.verdicts[0] as Verdict;
    if (verdict.changed) this.#states[0] = verdict.next;
    const { reply } = this;
    reply.cause = decision.allowed ? 'ok' : 'rate_limited';
    reply.remaining = verdict.remaining;
    if (this.#tells === 'hints') {
      this.#tellNext(decision, sender, nowUs);
    }
    this.#tell(decision, lot);
  }

  /** Another quota from now on. What was left stays left, as far as the new burst holds it. */
  change(terms: QuotaTermsMs, nowUs: Us): void {
    const before = this.#quotas[0]?.quota as Quota;
    const state = this.#states[0];
    const debt = state === undefined ? 0 : (state.tatUs - nowUs) * state.r + state.rest;
    const owed = Math.min(before.burst, Math.max(0, debt / before.p));
    const quota = compileTerms(terms);
    const after = Math.floor(owed * quota.p + Math.max(0, quota.burst - before.burst) * quota.p);
    const wholeUs = Math.floor(Math.min(after, quota.cap) / quota.r);
    this.#states[0] = { tatUs: nowUs + wholeUs, rest: 0, r: quota.r };
    this.#quotas = quotasOf(quota);
    this.#wire = new LimitsOnTheWire(this.#quotas);
  }

  #tellNext(decision: Decision, sender: number, nowUs: Us): void {
    const { reply } = this;
    reply.nextMs = undefined;
    if (sender < 0) return;
    const nextUs = this.#slots.tell(
      sender,
      { quotas: this.#quotas, decision, cost: oneRequest },
      nowUs,
    );
    if (nextUs !== undefined) reply.nextMs = Math.ceil(nextUs / 1_000);
  }

  #tell(decision: Decision, lot: number): void {
    const { reply } = this;
    const waitMs = decision.retryAfterUs / 1_000;
    switch (this.#tells) {
      case 'hints':
      case 'headers':
        reply.limits = this.#wire.read(decision);
        reply.retryAfterMs = decision.allowed ? undefined : Math.ceil(waitMs);
        return;
      case 'remaining':
        reply.limits = [{ ...unknown, name: 'requests', remaining: reply.remaining }];
        return;
      case 'retry-after':
        reply.retryAfterMs = decision.allowed ? undefined : 1_000 * retryAfterSeconds(waitMs, lot);
        return;
      case 'status':
    }
  }
}

function quotasOf(quota: Quota): readonly (KeyedQuota & NamedQuota)[] {
  return [{ name: 'requests', unit: 'requests', quota, stateKey: 'requests' }];
}
