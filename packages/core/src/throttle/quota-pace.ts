import type { Unit } from '../admission.ts';
import type { Limit } from '../wire/rate-headers.ts';
import { ln } from '../world/transcendental.ts';
import type { Ms } from '../world/world.ts';
import type { PaceOptions } from './pace-options.ts';

/** A request as far as one quota counts it. */
export interface PacedRequest {
  readonly sentMs: Ms;
  readonly tokens: number;
  /** Tokens of this quota sent until and with it. */
  readonly sentTokens: number;
  /** Its reply names a slot: then the server shares the quota out, and there is no share to find. */
  readonly isLed: boolean;
  /** From the reply until as much could pass; 0 where it was let in, or does not say so exactly. */
  readonly waitMs: Ms;
}

/** What a reply tells of a quota and hardly ever changes. */
export interface PacedTerms {
  readonly name: string;
  readonly unit: Unit;
  readonly tokens: number;
  readonly periodMs: Ms;
  /** Infinity where it is not told. */
  readonly burst: number;
}

/**
 * Paces one sender on one quota whose rate is known. Two things together: a mirror of what is left,
 * which is exact while nobody else spends, and a gap between requests, which finds the sender's
 * share where others do.
 */
export class QuotaPace {
  readonly name: string;
  /** What it counts, as last told. */
  unit: Unit;
  readonly #options: PaceOptions;
  readonly #random: () => number;
  #tokens: number;
  #periodMs: Ms;
  #burst: number;
  #tokensPerMs: number;
  /** Between 1 - jitter and 1 + jitter, drawn anew with each request. */
  #spread = 1;
  /** Tokens left as of `#asOfMs`, own requests under way counted as spent. */
  #left = 0;
  #asOfMs: Ms = 0;
  #sentTokens = 0;
  /** Tokens of requests that were not replied to yet. */
  #underWay = 0;
  /** Between tokens sent; 0 while nobody else seems to spend, or there is plenty. */
  #gapMs: Ms = 0;
  #notBeforeMs: Ms = -Infinity;
  /** In a row. */
  #refusals = 0;
  /** What was left by the newest reply; undefined until there was one. */
  #seenLeft: number | undefined;
  #seenTokens = 0;
  /** Tokens that all senders together spend for each one of ours: as if so many shared alike. */
  #peers: number;
  #hasAdmitted = false;

  constructor(terms: PacedTerms, options: PaceOptions, random: () => number) {
    this.name = terms.name;
    this.unit = terms.unit;
    this.#tokens = terms.tokens;
    this.#periodMs = terms.periodMs;
    this.#burst = terms.burst;
    this.#tokensPerMs = terms.tokens / terms.periodMs;
    this.#options = options;
    this.#random = random;
    this.#peers = 1;
  }

  get gapMs(): Ms {
    return this.#gapMs;
  }

  get perSecond(): number {
    const ownMs = this.#gapMs === 0 ? this.#tokensPerMs : 1 / this.#gapMs;
    return 1_000 * ownMs;
  }

  /** Another rate: what was learned of the others stays true, counted in tokens. */
  setTerms(tokens: number, periodMs: Ms, burst: number): void {
    if (tokens === this.#tokens && periodMs === this.#periodMs && burst === this.#burst) return;
    const tokensPerMs = tokens / periodMs;
    this.#gapMs *= this.#tokensPerMs / tokensPerMs;
    this.#tokens = tokens;
    this.#periodMs = periodMs;
    this.#burst = burst;
    this.#tokensPerMs = tokensPerMs;
  }

  leftAt(nowMs: Ms): number {
    return Math.min(this.#burst, this.#left + (nowMs - this.#asOfMs) * this.#tokensPerMs);
  }

  /** The first instant at which so many tokens are there, if nobody else spends any. */
  earnedAtMs(nowMs: Ms, tokens: number): Ms {
    if (this.#seenLeft === undefined) return nowMs;
    const lacking = Math.min(tokens, this.#burst) - this.leftAt(nowMs);
    return lacking > 0 ? nowMs + lacking / this.#tokensPerMs : nowMs;
  }

  /** The same, and not before this sender's turn among others. */
  readyAtMs(nowMs: Ms, tokens: number): Ms {
    return Math.max(this.earnedAtMs(nowMs, tokens), this.#notBeforeMs);
  }

  /** Counts a request that goes now. Returns the tokens sent so far, for `PacedRequest`. */
  sent(nowMs: Ms, tokens: number): number {
    this.#spend(nowMs, tokens);
    this.#sentTokens += tokens;
    this.#underWay += tokens;
    if (this.#gapMs > 0) {
      this.#draw();
      this.#notBeforeMs = nowMs + this.#gapMs * tokens * this.#spread;
    }
    return this.#sentTokens;
  }

  /** A request ended; where it was not charged, its tokens are there again. */
  ended(nowMs: Ms, tokens: number, isCharged: boolean): void {
    this.#underWay -= tokens;
    if (!isCharged) this.#spend(nowMs, -tokens);
  }

  /** A reply told of this quota; `ended` was called before. */
  learn({ remaining }: Limit, admitted: boolean, request: PacedRequest, nowMs: Ms): void {
    if (remaining === undefined || request.sentTokens <= this.#seenTokens) return;
    const others = this.#mirror(remaining, request, nowMs);
    if (request.isLed) this.#gapMs = 0;
    else if (admitted) this.#admitted(remaining, others, request, nowMs);
    else this.#refused(request.tokens, nowMs);
    this.#seenLeft = remaining;
    this.#seenTokens = request.sentTokens;
  }

  #draw(): void {
    this.#spread = 1 + this.#options.jitter * (2 * this.#random() - 1);
  }

  #spend(nowMs: Ms, tokens: number): void {
    this.#left = this.leftAt(nowMs) - tokens;
    this.#asOfMs = nowMs;
  }

  /**
   * Moves the mirror just so far that it agrees with a reply, which is rounded, took its time, and
   * may have overtaken others of ours. Returns what others must have spent.
   */
  #mirror(remaining: number, request: PacedRequest, nowMs: Ms): number {
    const { sentMs, sentTokens, tokens, waitMs } = request;
    const least = remaining - this.#underWay;
    const later = this.#sentTokens - sentTokens;
    const most = remaining - later + 1 + (nowMs - sentMs) * this.#tokensPerMs;
    const left = this.#seenLeft === undefined ? least : this.leftAt(nowMs);
    this.#left = Math.min(most, Math.max(least, left));
    this.#asOfMs = nowMs;
    // It overtook what was sent before it, or took less time: the copy was early by so much.
    if (waitMs > 0 && remaining < tokens)
      this.#left = Math.min(this.#left, tokens - waitMs * this.#tokensPerMs);
    return Math.max(0, left - most);
  }

  #admitted(remaining: number, others: number, request: PacedRequest, nowMs: Ms): void {
    const { brake } = this.#options;
    const wasRefused = this.#refusals;
    this.#refusals = 0;
    if (!this.#hasAdmitted) this.#assume(remaining, wasRefused);
    else if (wasRefused === 0) this.#estimate(remaining, others, request);
    this.#hasAdmitted = true;
    const isFree = this.#gapMs === 0 && remaining > Math.max(this.#reference, brake * this.#peers);
    const wasFree = this.#gapMs === 0;
    this.#gapMs = isFree ? 0 : this.#gapFor(remaining);
    if (wasFree && !isFree) this.#draw();
    this.#notBeforeMs = nowMs + this.#gapMs * request.tokens * this.#spread;
  }

  /** How many share the quota, as far as a first success tells. */
  #assume(remaining: number, refusals: number): void {
    const { brake, typicalPeers, waitGrowth, fullShare } = this.#options;
    const isNearlySpent = remaining < brake * typicalPeers && remaining < fullShare * this.#burst;
    if (refusals > 0 || isNearlySpent) this.#peers = typicalPeers;
    for (let i = 1; i < refusals; i += 1) this.#peers *= waitGrowth;
  }

  /** Tokens that are to be left: few of a small burst. */
  get #reference(): number {
    const { referenceTokens, fullShare } = this.#options;
    return Math.min(referenceTokens, fullShare * (this.#burst - 1));
  }

  #gapFor(remaining: number): Ms {
    const { proportional, longestGapMs } = this.#options;
    const tokens = this.#peers - proportional * (remaining - this.#reference);
    return Math.min(longestGapMs, Math.max(0, tokens / this.#tokensPerMs));
  }

  #estimate(remaining: number, others: number, request: PacedRequest): void {
    const { integral, droop, typicalPeers, follow, leap } = this.#options;
    const mine = request.sentTokens - this.#seenTokens;
    const off = 1 + others / mine - this.#peers;
    const isFar = Math.abs(off) > 3 + 0.3 * this.#peers;
    this.#peers += off * (isFar || this.#gapMs === 0 ? leap : follow);
    if (this.#gapMs > 0) {
      const reference = this.#reference - droop * ln(this.#peers / typicalPeers);
      this.#peers -= integral * (remaining - reference);
    }
    this.#peers = Math.max(1, this.#peers);
  }

  #refused(tokens: number, nowMs: Ms): void {
    const { firstWait, waitGrowth, backoff, retryFrom } = this.#options;
    const lot = this.#random();
    this.#refusals += 1;
    let waitMs: Ms;
    if (this.#hasAdmitted && this.#refusals < 2) {
      this.#peers *= backoff;
      this.#gapMs = this.#peers / this.#tokensPerMs;
      waitMs = this.#gapMs * (retryFrom + (1 - retryFrom) * lot);
    } else {
      let [from, to] = firstWait;
      for (let i = this.#hasAdmitted ? 2 : 1; i < this.#refusals; i += 1) {
        from *= waitGrowth;
        to *= waitGrowth;
      }
      if (this.#hasAdmitted) to = Math.max(to, this.#peers);
      waitMs = (from + (to - from) * lot) / this.#tokensPerMs;
      if (this.#hasAdmitted) this.#peers *= backoff;
    }
    this.#notBeforeMs = nowMs + waitMs * tokens;
  }
}
