import { checkCount, checkMs } from './check.ts';
import type { Ms } from './world/world.ts';

export interface BatchBounds {
  readonly maxCount: number;
  readonly maxBytes: number;
  /** Since its first item. */
  readonly maxAgeMs: Ms;
}

const forwardGapMs = 1_000;

/**
 * When a growing batch is ready: by count, by bytes or by age. It holds no items and no timer; its
 * owner asks `readyAtMs` after each change and calls `taken` when it has ended the batch.
 */
export class Batcher {
  readonly #bounds: BatchBounds;
  #count = 0;
  #bytes = 0;
  #dueMs: Ms = Infinity;
  #forwardMs: Ms = Infinity;
  #nextForwardMs: Ms = -Infinity;

  constructor(bounds: BatchBounds) {
    checkCount('maxCount', bounds.maxCount);
    checkCount('maxBytes', bounds.maxBytes);
    checkMs('maxAgeMs', bounds.maxAgeMs);
    this.#bounds = bounds;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether an item may still join. An empty batch takes any, so that none is stuck for ever. */
  fits(bytes: number): boolean {
    if (this.#count === 0) return true;
    const { maxCount, maxBytes } = this.#bounds;
    return this.#count < maxCount && this.#bytes + bytes <= maxBytes;
  }

  add(bytes: number, nowMs: Ms): void {
    if (this.#count === 0) this.#dueMs = nowMs + this.#bounds.maxAgeMs;
    this.#count += 1;
    this.#bytes += bytes;
  }

  /**
   * Somebody waits for this batch: it is to be ready within `withinMs`, though no batch is brought
   * forward less than a second after the one before. An empty batch has nothing to bring forward.
   */
  bringForward(withinMs: Ms, nowMs: Ms): void {
    if (this.#count === 0) return;
    this.#forwardMs = Math.min(this.#forwardMs, Math.max(nowMs + withinMs, this.#nextForwardMs));
  }

  /** -Infinity where it is full, Infinity where it is empty. */
  readyAtMs(): Ms {
    const { maxCount, maxBytes } = this.#bounds;
    if (this.#count >= maxCount || this.#bytes >= maxBytes) return -Infinity;
    return Math.min(this.#dueMs, this.#forwardMs);
  }

  /** The batch was ended; the next one begins empty. */
  taken(): void {
    if (this.#forwardMs <= this.#dueMs) this.#nextForwardMs = this.#forwardMs + forwardGapMs;
    this.#count = 0;
    this.#bytes = 0;
    this.#dueMs = Infinity;
    this.#forwardMs = Infinity;
  }
}
