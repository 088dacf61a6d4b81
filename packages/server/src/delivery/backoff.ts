import { backoffMs } from '@weir/core/retry';
import { sleep } from '@weir/core/world/sleep';
import type { Ms, World } from '@weir/core/world/world';

export interface BackoffOptions {
  /** The first wait is at most this long. */
  readonly firstMs: Ms;
  /** No wait is ever longer. */
  readonly longestMs: Ms;
}

/** Waits between failures: exponential with full jitter, so that workers do not come back together. */
export class Backoff {
  readonly #world: World;
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(world: World, options: BackoffOptions) {
    this.#world = world;
    this.#options = options;
  }

  /** Waits after a failure; ends early, without an error, when `signal` says so. */
  async wait(signal: AbortSignal): Promise<void> {
    this.#failures += 1;
    const { firstMs: baseMs, longestMs: maxMs } = this.#options;
    const lot = this.#world.random();
    const waitMs = backoffMs({ baseMs, maxMs }, this.#failures, 0, lot);
    await sleep(this.#world, waitMs, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  /** After a success the next failure begins anew. */
  reset(): void {
    this.#failures = 0;
  }
}
