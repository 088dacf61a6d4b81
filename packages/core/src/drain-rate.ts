import type { Ms } from './world/world.ts';

const slotMs = 1_000;
const slotCount = 30;
const shortestMs = 1_000;
const longestMs = 20_000; // and half of it by lot: 30 s in all

/**
 * How fast a queue drains, measured over the last half minute, and so how long someone who finds
 * it full had better stay away. Amounts are whole numbers, in whatever unit the queue is bounded.
 */
export class DrainRate {
  readonly #slots = new Float64Array(slotCount); // a ring, a second each
  readonly #startMs: Ms;
  #slot: number;
  #total = 0;

  constructor(nowMs: Ms) {
    this.#startMs = nowMs;
    this.#slot = Math.floor(nowMs / slotMs);
  }

  /** Counts what has just left the queue. */
  drained(amount: number, nowMs: Ms): void {
    this.#turnTo(nowMs);
    const place = this.#slot % slotCount;
    this.#slots[place] = (this.#slots[place] as number) + amount;
    this.#total += amount;
  }

  /**
   * How long until `depth` has drained at the measured rate, at least 1 s and at most 20, which it
   * is where nothing drained at all. Up to a half is added by `lot`, so that those refused together
   * come back apart: nobody is sent away for more than 30 s.
   *
   * @param lot uniform in [0, 1)
   */
  waitMs(depth: number, nowMs: Ms, lot: number): Ms {
    this.#turnTo(nowMs);
    const measuredMs = Math.min(
      nowMs - this.#startMs,
      nowMs - (this.#slot - slotCount + 1) * slotMs,
    );
    const drainMs = this.#total === 0 ? longestMs : (depth * measuredMs) / this.#total;
    return Math.min(longestMs, Math.max(shortestMs, drainMs)) * (1 + lot / 2);
  }

  /** Empties the slots that are more than half a minute old. A clock that stands still is no harm. */
  #turnTo(nowMs: Ms): void {
    const slot = Math.floor(nowMs / slotMs);
    const passed = Math.min(slotCount, slot - this.#slot);
    for (let i = 1; i <= passed; i += 1) {
      const place = (slot - passed + i) % slotCount;
      this.#total -= this.#slots[place] as number;
      this.#slots[place] = 0;
    }
    this.#slot = Math.max(this.#slot, slot);
  }
}
