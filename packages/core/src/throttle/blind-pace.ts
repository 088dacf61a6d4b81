import type { Ms } from '../world/world.ts';
import type { BlindOptions } from './pace-options.ts';

/**
 * Paces one sender against a server that says nothing but 429. Between two refusals at which the
 * quota was spent, what was let in is what the quota earned: so that is measured, and tried to exceed
 * ever so little.
 */
export class BlindPace {
  readonly #options: BlindOptions;
  readonly #random: () => number;
  /** Between requests; 0 until a first refusal. */
  #gapMs: Ms = 0;
  #notBeforeMs: Ms = -Infinity;
  /** Requests that may go without a gap, since so much was earned while nothing went out. */
  #saved = 0;
  /** In a row. */
  #refusals = 0;
  /** When the quota was last seen spent, and what was let in since. */
  #spentMs: Ms | undefined;
  #admitted = 0;
  /** Most that was let in before the quota was spent for the first time. */
  #burst = 0;
  #refusedMs: Ms = -Infinity;

  constructor(options: BlindOptions, random: () => number) {
    this.#options = options;
    this.#random = random;
  }

  /** undefined until a first refusal. */
  get perSecond(): number | undefined {
    return this.#gapMs === 0 ? undefined : 1_000 / this.#gapMs;
  }

  readyAtMs(nowMs: Ms): Ms {
    return Math.max(nowMs, this.#notBeforeMs);
  }

  sent(nowMs: Ms): void {
    if (this.#saved >= 1) {
      this.#saved -= 1;
      return;
    }
    const { jitter } = this.#options;
    this.#notBeforeMs = nowMs + this.#gapMs * (1 + jitter * (2 * this.#random() - 1));
  }

  admitted(): void {
    const { growthPerSecond, calm, calmGrowth } = this.#options;
    this.#admitted += 1;
    this.#refusals = 0;
    if (this.#spentMs === undefined) this.#burst += 1;
    const calmFor = Math.max(0, this.#admitted - calm);
    this.#gapMs /= 1 + growthPerSecond * this.#gapMs * 0.001 + calmGrowth * calmFor;
  }

  /** @param waitMs what the server asked for, 0 where it did not */
  refused(sentMs: Ms, waitMs: Ms, nowMs: Ms): void {
    if (sentMs < this.#refusedMs) return; // sent before the last refusal taught its lesson
    this.#refusedMs = nowMs;
    this.#refusals += 1;
    this.#measure(nowMs);
    const { firstWaitMs, waitGrowth, longestGapMs } = this.#options;
    let patienceMs = Math.max(firstWaitMs, this.#gapMs);
    for (let i = 1; i < this.#refusals; i += 1) patienceMs *= waitGrowth;
    const spreadMs = Math.min(longestGapMs, patienceMs) * (0.5 + 0.5 * this.#random());
    this.#notBeforeMs = Math.max(this.#notBeforeMs, nowMs + Math.max(waitMs, spreadMs));
    if (this.#gapMs > 0) this.#saved = Math.min(this.#burst * 0.5, waitMs / this.#gapMs);
  }

  /** The quota is spent: what was let in since it last was, is what it earned. */
  #measure(nowMs: Ms): void {
    const { leastMeasured, slowDown } = this.#options;
    const isFirst = this.#gapMs === 0;
    const least = isFirst ? 1 : leastMeasured;
    if (this.#spentMs !== undefined && this.#admitted < least) {
      this.#gapMs *= slowDown;
      return;
    }
    if (this.#spentMs !== undefined) {
      const admitted = isFirst ? this.#admitted + 1 : this.#admitted;
      this.#gapMs = ((nowMs - this.#spentMs) / admitted) * (isFirst ? 1 : slowDown);
    }
    this.#spentMs = nowMs;
    this.#admitted = 0;
  }
}
