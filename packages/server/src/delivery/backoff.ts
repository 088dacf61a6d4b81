import { backoffMs } from '@weir/core/retry';
import { sleep } from '@weir/core/world/sleep';
import type { Ms, World } from '@weir/core/world/world';
import { StoreError } from '../store/store.ts';

export interface BackoffOptions {
  /** The first wait is at most this long. */
  readonly firstMs: Ms;
  /** No wait is ever longer. */
  readonly longestMs: Ms;
}

/**
 * Where a store works and asks for less, its governor asks less of it; an object that has bad luck
 * and waits long on top of that holds up its segment, and nothing is gained.
 */
const longestCongestedMs = 1_000;

/** Waits between failures: exponential with full jitter, so that workers do not come back together. */
export class Backoff {
  readonly #world: World;
  readonly #options: BackoffOptions;
  readonly #parent: Backoff | undefined;
  #failures = 0;

  constructor(world: World, options: BackoffOptions, parent?: Backoff) {
    this.#world = world;
    this.#options = options;
    this.#parent = parent;
    if (parent !== undefined) this.#failures = parent.#failures;
  }

  /** For one of several things that are tried side by side: each waits by its own failures. */
  branch(): Backoff {
    return new Backoff(this.#world, this.#options, this);
  }

  /** Waits after this failure; ends early, without an error, when `signal` says so. */
  async wait(error: unknown, signal: AbortSignal): Promise<void> {
    this.#failures += 1;
    if (this.#parent !== undefined) {
      this.#parent.#failures = Math.max(this.#parent.#failures, this.#failures);
    }
    const { firstMs: baseMs, longestMs } = this.#options;
    const maxMs = isCongested(error) ? Math.min(longestMs, longestCongestedMs) : longestMs;
    const lot = this.#world.random();
    const waitMs = backoffMs({ baseMs, maxMs }, this.#failures, 0, lot);
    await sleep(this.#world, waitMs, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  /** After a success the next failure begins anew. */
  reset(): void {
    this.#failures = 0;
    this.#parent?.reset();
  }
}

function isCongested(error: unknown): boolean {
  return error instanceof StoreError && error.pressure === 'congested';
}
