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

  /** Waits after a failure; ends early, without an error, when `signal` says so. */
  async wait(signal: AbortSignal): Promise<void> {
    this.#failures += 1;
    if (this.#parent !== undefined) {
      this.#parent.#failures = Math.max(this.#parent.#failures, this.#failures);
    }
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
    this.#parent?.reset();
  }
}
