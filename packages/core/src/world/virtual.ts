import { EventHeap } from './event-heap.ts';
import { type Random, seededRandom, streamOf } from './random.ts';
import type { Ms, World } from './world.ts';

// The host is touched here and in system.ts only. At this boundary every settled promise has run.
declare function setImmediate(task: () => void): unknown;

const startOfHistory = 1_767_225_600_000; // 2026-01-01

/** A world in which time moves only from one due task to the next. Same seed, same history. */
export class VirtualWorld implements World {
  /** As functions of their own, so that they can be handed on alone. */
  readonly random: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly #due: EventHeap = new EventHeap();
  readonly #seed: number;
  #nowMs: Ms = 0;

  constructor({ seed }: { readonly seed: number }) {
    this.#seed = seed;
    const { uniform, bytes } = seededRandom(seed);
    this.random = uniform;
    this.randomBytes = bytes;
  }

  now(): Ms {
    return this.#nowMs;
  }

  date(): Ms {
    return startOfHistory + this.#nowMs;
  }

  /**
   * Chance of its own for one part of the world, by its name: how often others draw changes nothing
   * of it, so that runs can be compared part by part. The same name gives the same numbers again.
   */
  stream(name: string): Random {
    return streamOf(this.#seed, name);
  }

  /** Equal times run in the order they were asked for. A delay that is no number throws. */
  after(delayMs: Ms, task: () => void): () => void {
    if (!(delayMs < Infinity)) throw new RangeError(`a task cannot wait ${delayMs} ms`);
    return this.#due.push(this.#nowMs + Math.max(0, delayMs), task);
  }

  /** Moves to the next due task and runs it; false when none is left up to `untilMs`. */
  step(untilMs: Ms = Infinity): boolean {
    const next = this.#due.popUntil(untilMs);
    if (next === undefined) return false;
    this.#nowMs = next.atMs;
    next.task();
    return true;
  }

  /** Runs what falls due in the next `byMs`, and ends exactly there. */
  advance(byMs: Ms): void {
    const untilMs = this.#nowMs + byMs;
    while (this.step(untilMs));
    this.#nowMs = untilMs;
  }

  /**
   * For code that awaits: lets every promise settle before each task and after the last. Ends
   * exactly at `untilMs`, or with the last task where none is given.
   */
  async settleAll(untilMs: Ms = Infinity): Promise<void> {
    const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
    await settle();
    while (this.step(untilMs)) await settle();
    if (untilMs < Infinity) this.#nowMs = Math.max(this.#nowMs, untilMs);
  }
}
