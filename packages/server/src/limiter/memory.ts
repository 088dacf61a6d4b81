import { type Cost, costIn, type Decision, decide } from '@weir/core/admission';
import { admits, type RateState, refund, type Settled } from '@weir/core/gcra';
import type { Us, World } from '@weir/core/world/world';
import type { Caller, CallerQuota } from '../tenants/caller.ts';
import type { Limiter } from './limiter.ts';

const free: Cost = { requests: 0, events: 0, bytes: 0 };
const sweptPerNewKey = 2;

/**
 * Limits within this process: exact, and full again after a restart. It holds one small state for
 * each quota that is in debt, so at most one per state key, which the tenants file bounds. No debt
 * is ever forgotten; states whose debt is paid go as new ones come, a few at a time.
 */
export class MemoryLimiter implements Limiter {
  readonly #world: World;
  readonly #states = new Map<string, RateState>();
  #sweep = this.#states.entries();

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
    for (const { unit, quota, stateKey } of caller.quotas) {
      if (!admits(quota, this.#states.get(stateKey), nowUs, costIn(unit, leastCost))) {
        return decide(caller.quotas, this.#statesOf(caller), leastCost, nowUs);
      }
    }
    return undefined;
  }

  take(caller: Caller, cost: Cost): Decision {
    const nowUs = this.#nowUs();
    const decision = decide(caller.quotas, this.#statesOf(caller), cost, nowUs);
    for (let i = 0; i < caller.quotas.length; i += 1) {
      const { stateKey } = caller.quotas[i] as CallerQuota;
      this.#keep(stateKey, decision.verdicts[i] as Settled, nowUs);
    }
    return decision;
  }

  refund(caller: Caller, cost: Cost): void {
    const nowUs = this.#nowUs();
    for (const { unit, quota, stateKey } of caller.quotas) {
      const state = this.#states.get(stateKey);
      this.#keep(stateKey, refund(quota, state, nowUs, costIn(unit, cost)), nowUs);
    }
  }

  peek(caller: Caller): Decision {
    return decide(caller.quotas, this.#statesOf(caller), free, this.#nowUs());
  }

  #keep(stateKey: string, { next, changed }: Settled, nowUs: Us): void {
    if (!changed) return;
    if (next === undefined) {
      this.#states.delete(stateKey);
      return;
    }
    const sizeBefore = this.#states.size;
    this.#states.set(stateKey, next);
    if (this.#states.size > sizeBefore) this.#dropPaid(nowUs);
  }

  /** Goes on where it stopped: so each new key pays for looking at two old ones, and no call for all. */
  #dropPaid(nowUs: Us): void {
    for (let i = 0; i < sweptPerNewKey; i += 1) {
      const { value, done } = this.#sweep.next();
      if (done) {
        this.#sweep = this.#states.entries();
        return;
      }
      const [stateKey, { tatUs }] = value;
      if (tatUs < nowUs) this.#states.delete(stateKey);
    }
  }

  #statesOf(caller: Caller): readonly (RateState | undefined)[] {
    return caller.quotas.map(({ stateKey }) => this.#states.get(stateKey));
  }

  /** Rounded, as a fraction of a millisecond times 1,000 may come out just below a whole number. */
  #nowUs(): Us {
    return Math.round(this.#world.now() * 1_000);
  }
}
