import type { RateState, Settled } from '@weir/core/gcra';
import type { Us } from '@weir/core/world/world';

const sweptPerNewKey = 2;

/**
 * States of quotas in this process. One small state for each quota that is in debt, so at most one
 * per state key, which the tenants file bounds. No debt is ever forgotten; states whose debt is paid
 * go as new ones come, a few at a time.
 */
export class RateStates {
  readonly #states = new Map<string, RateState>();
  #sweep = this.#states.entries();

  get size(): number {
    return this.#states.size;
  }

  get(stateKey: string): RateState | undefined {
    return this.#states.get(stateKey);
  }

  /** What is kept for each of them, in their order. */
  of(quotas: readonly { readonly stateKey: string }[]): readonly (RateState | undefined)[] {
    return quotas.map(({ stateKey }) => this.#states.get(stateKey));
  }

  keep(stateKey: string, { next, changed }: Settled, nowUs: Us): void {
    if (!changed) return;
    if (next === undefined) {
      this.#states.delete(stateKey);
      return;
    }
    const sizeBefore = this.#states.size;
    this.#states.set(stateKey, next);
    if (this.#states.size > sizeBefore) this.#dropPaid(nowUs);
  }

  delete(stateKey: string): void {
    this.#states.delete(stateKey);
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
}
