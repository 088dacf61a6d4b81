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
    const { firstMs, longestMs } = this.#options;
    const atMostMs = Math.min(longestMs, firstMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 52);
    await sleep(this.#world, this.#world.random() * atMostMs, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  /** After a success the next failure begins anew. */
  reset(): void {
    this.#failures = 0;
  }
}
