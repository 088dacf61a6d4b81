import { type Cost, costIn, type Decision, decide } from '@weir/core/admission';
import { admits, charge, refund, type Settled } from '@weir/core/gcra';
import type { Us, World } from '@weir/core/world/world';
import type { Caller, CallerQuota } from '../tenants/caller.ts';
import type { Limiter } from './limiter.ts';
import { RateStates } from './rate-states.ts';

const free: Cost = { requests: 0, events: 0, bytes: 0 };

/** Limits within this process: exact, and full again after a restart. */
export class MemoryLimiter implements Limiter {
  readonly #world: World;
  readonly #states = new RateStates();

  constructor(world: World) {
    this.#world = world;
  }

  /** How many states are held. */
  get size(): number {
    return this.#states.size;
  }

  /** Exact here, since nobody else can charge or refund. Charges nothing. */
  knownRefusal(caller: Caller, leastCost: Cost): Decision | undefined {
    const nowUs = this.#nowUs();
    for (const { unit, quota, stateKey, shadow } of caller.quotas) {
      if (shadow === true) continue;
      if (!admits(quota, this.#states.get(stateKey), nowUs, costIn(unit, leastCost))) {
        return decide(caller.quotas, this.#states.of(caller.quotas), leastCost, nowUs);
      }
    }
    return undefined;
  }

  take(caller: Caller, cost: Cost): Decision {
    const nowUs = this.#nowUs();
    const decision = decide(caller.quotas, this.#states.of(caller.quotas), cost, nowUs);
    for (let i = 0; i < caller.quotas.length; i += 1) {
      const { stateKey } = caller.quotas[i] as CallerQuota;
      this.#states.keep(stateKey, decision.verdicts[i] as Settled, nowUs);
    }
    return decision;
  }

  refund(caller: Caller, cost: Cost): void {
    this.#settle(caller, cost, refund);
  }

  charge(caller: Caller, cost: Cost): void {
    this.#settle(caller, cost, charge);
  }

  peek(caller: Caller): Decision {
    return decide(caller.quotas, this.#states.of(caller.quotas), free, this.#nowUs());
  }

  #settle(caller: Caller, cost: Cost, law: typeof refund): void {
    const nowUs = this.#nowUs();
    for (const { unit, quota, stateKey } of caller.quotas) {
      const state = this.#states.get(stateKey);
      this.#states.keep(stateKey, law(quota, state, nowUs, costIn(unit, cost)), nowUs);
    }
  }

  /** Rounded, as a fraction of a millisecond times 1,000 may come out just below a whole number. */
  #nowUs(): Us {
    return Math.round(this.#world.now() * 1_000);
  }
}
