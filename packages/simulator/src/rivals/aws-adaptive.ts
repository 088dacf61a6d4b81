import { cbrt } from '@weir/core/world/transcendental';
import type { Ms } from '@weir/core/world/world';
import type { Sleeper, Strategy } from '../model/strategy.ts';
import { lonely } from './rival.ts';

// boto/botocore: retries/adaptive.py, throttling.py, bucket.py; smithy-lang/smithy-typescript:
// packages/util-retry/src/DefaultRateLimiter.ts. Times in seconds, as there.
const beta = 0.7;
const scale = 0.4;
const smoothing = 0.8;
const bucketsPerSecond = 2;
/** The floor: no sender goes below one request in two seconds, however small its share is. */
const leastPerSecond = 0.5;
const leastCapacity = 1;
const retryBase = 0.5; // after a 429; 0.1 s after other failures
const retryCap = 20;

/** A CUBIC-like rate limiter: a token bucket at the sender whose rate the 429s teach. */
class AdaptiveLimiter {
  #enabled = false;
  #capacity = leastCapacity;
  #current = 0;
  #fill = leastPerSecond;
  #refilledAt = 0;
  #bucket = 0;
  #replies = 0;
  #measured = 0;
  #lastMax = 0;
  #throttledAt = 0;

  /** Takes a token; returns how long until it is there. */
  acquire(now: number): number {
    if (!this.#enabled) return 0;
    this.#refill(now);
    const wait = this.#current < 1 ? (1 - this.#current) / this.#fill : 0;
    this.#current -= 1;
    return wait;
  }

  update(throttled: boolean, now: number): void {
    this.#measure(now);
    let rate: number;
    if (throttled) {
      this.#lastMax = this.#enabled ? Math.min(this.#measured, this.#fill) : this.#measured;
      this.#throttledAt = now;
      this.#enabled = true;
      rate = this.#lastMax * beta;
    } else {
      const since = now - this.#throttledAt - cbrt((this.#lastMax * (1 - beta)) / scale);
      rate = scale * since * since * since + this.#lastMax;
    }
    this.#refill(now);
    const next = Math.min(rate, 2 * this.#measured);
    this.#fill = Math.max(next, leastPerSecond);
    this.#capacity = Math.max(next, leastCapacity);
    this.#current = Math.min(this.#current, this.#capacity);
  }

  #refill(now: number): void {
    const earned = (now - this.#refilledAt) * this.#fill;
    this.#current = Math.min(this.#capacity, this.#current + earned);
    this.#refilledAt = now;
  }

  #measure(now: number): void {
    this.#replies += 1;
    const bucket = Math.floor(now * bucketsPerSecond) / bucketsPerSecond;
    if (bucket <= this.#bucket) return;
    const rate = this.#replies / (bucket - this.#bucket);
    this.#measured = smoothing * rate + (1 - smoothing) * this.#measured;
    this.#replies = 0;
    this.#bucket = bucket;
  }
}

function adaptiveSleeper(random: () => number): Sleeper {
  const limiter = new AdaptiveLimiter();
  let failures = 0;
  const backoff = (): Ms => {
    let longest = retryBase;
    for (let i = 1; i < failures && longest < retryCap; i += 1) longest *= 2;
    return random() * Math.min(retryCap, longest) * 1_000;
  };
  return {
    beforeMs: (nowMs) => limiter.acquire(nowMs / 1_000) * 1_000,
    afterMs({ cause }, nowMs) {
      limiter.update(cause === 'rate_limited', nowMs / 1_000);
      failures = cause === 'ok' ? 0 : failures + 1;
      return failures === 0 ? 0 : backoff();
    },
  };
}

/** The adaptive retry mode of the AWS SDKs; attempts without end, since giving up would lose events. */
export const awsAdaptive: Strategy = lonely(
  'aws-adaptive',
  'a CUBIC rate that never falls below 0.5/s, over full jitter up to 20 s (AWS SDKs, adaptive mode)',
  ({ random }) => adaptiveSleeper(random),
);
