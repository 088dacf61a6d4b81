import type { Ms } from '../world/world.ts';
import type { PaceOptions } from './pace-options.ts';

/** A refusal makes the gap longer by what so many tokens take to earn: the same for all, so that shares become alike. */
const addedTokens = 2.5;
/** A success makes it shorter by this share, … */
const share = 0.001;
/** … and by this one times the square of the successes since the last refusal: who is alone finds out. */
const calmShare = 3e-7;
const mostShare = 0.1;
/** Factor on the first wait with each further refusal in a row. */
const waitGrowth = 2;
/** Least wait after a refusal, as a share of the gap. */
const retryFrom = 0.5;

export type RatePaceOptions = Pick<
  PaceOptions,
  'firstWait' | 'typicalPeers' | 'jitter' | 'longestGapMs'
>;

/**
 * Paces one sender on a quota whose rate is known and of which replies tell nothing but 429. It goes
 * freely until a first refusal. Then it takes itself for one of a few who share, waits longer with each
 * refusal, and comes sooner the longer there is none, yet never faster than the whole rate.
 */
export class RatePace {
  readonly #options: RatePaceOptions;
  readonly #random: () => number;
  /** What one token takes to earn. */
  readonly #tokenMs: Ms;
  /** Between requests; 0 until a first refusal. */
  #gapMs: Ms = 0;
  #notBeforeMs: Ms = -Infinity;
  /** What the server asked for last, or before: it is never shortened. */
  #retryAtMs: Ms = -Infinity;
  #refusedMs: Ms = -Infinity;
  /** In a row. */
  #refusals = 0;
  /** Successes since the last refusal. */
  #calm = 0;
  #hasAdmitted = false;

  /** @param random uniform in [0, 1) */
  constructor(tokenMs: Ms, options: RatePaceOptions, random: () => number) {
    this.#tokenMs = tokenMs;
    this.#options = options;
    this.#random = random;
  }

  /** undefined until a first refusal. */
  get perSecond(): number | undefined {
    return this.#gapMs === 0 ? undefined : 1_000 / this.#gapMs;
  }

  readyAtMs(nowMs: Ms): Ms {
    return Math.max(nowMs, this.#notBeforeMs, this.#retryAtMs);
  }

  sent(nowMs: Ms): void {
    const { jitter } = this.#options;
    if (this.#gapMs === 0) return;
    this.#notBeforeMs = nowMs + this.#gapMs * (1 + jitter * (2 * this.#random() - 1));
  }

  admitted(): void {
    this.#hasAdmitted = true;
    this.#refusals = 0;
    this.#calm += 1;
    if (this.#gapMs === 0) return;
    const shorter = Math.min(mostShare, share + calmShare * this.#calm * this.#calm);
    this.#gapMs = Math.max(this.#tokenMs, this.#gapMs * (1 - shorter));
  }

  /** @param waitMs what the server asked for, 0 where it did not */
  refused(sentMs: Ms, waitMs: Ms, nowMs: Ms): void {
    this.#retryAtMs = Math.max(this.#retryAtMs, nowMs + waitMs);
    if (sentMs < this.#refusedMs) return; // sent before the last refusal taught its lesson
    const { firstWait, typicalPeers, longestGapMs } = this.#options;
    this.#refusedMs = nowMs;
    this.#refusals += 1;
    this.#calm = 0;
    const tokens = this.#gapMs === 0 ? typicalPeers : addedTokens;
    this.#gapMs = Math.min(longestGapMs, this.#gapMs + tokens * this.#tokenMs);
    const lot = this.#random();
    let ownMs = this.#gapMs * (retryFrom + (1 - retryFrom) * lot);
    if (!this.#hasAdmitted) {
      const [from, to] = firstWait;
      ownMs = (from + (to - from) * lot) * this.#tokenMs;
      for (let i = 1; i < this.#refusals; i += 1) ownMs *= waitGrowth;
    }
    this.#notBeforeMs = nowMs + Math.min(longestGapMs, ownMs);
  }
}
