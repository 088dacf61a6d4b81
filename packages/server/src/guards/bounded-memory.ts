import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

interface MemoryOptions {
  readonly points: number;
  readonly duration: number;
  readonly blockDuration: number;
}

/**
 * The library's limiter in memory keeps as many keys as come. This one takes on at most so many new
 * ones in each window and counts the others not at all, until the window ends: so a flood from a
 * million addresses costs a few megabytes, and those that were counted first stay counted.
 */
export class BoundedMemory extends RateLimiterMemory {
  readonly #mostKeys: number;
  #newKeys = 0;
  #windowEndsMs = 0;
  readonly #nowMs: () => number;

  constructor(options: MemoryOptions, mostKeys: number, nowMs: () => number) {
    super(options);
    this.#mostKeys = mostKeys;
    this.#nowMs = nowMs;
  }

  override async consume(key: string | number, points = 1): Promise<RateLimiterRes> {
    if (this.#nowMs() >= this.#windowEndsMs) {
      this.#windowEndsMs = this.#nowMs() + 1_000 * Math.max(this.duration, this.blockDuration);
      this.#newKeys = 0;
    }
    const isFull = this.#newKeys >= this.#mostKeys;
    if (isFull && (await this.get(key)) === null)
      return new RateLimiterRes(this.points, 0, 0, true);
    const result = await super.consume(key, points);
    if (result.isFirstInDuration) this.#newKeys += 1;
    return result;
  }
}
