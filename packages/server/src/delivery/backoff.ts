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
    await pause(this.#world, this.#world.random() * atMostMs, signal);
  }

  /** After a success the next failure begins anew. */
  reset(): void {
    this.#failures = 0;
  }
}

async function pause(world: World, ms: Ms, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = world.after(ms, resolve);
  const stop = () => resolve();
  signal.addEventListener('abort', stop, { once: true });
  await promise;
  signal.removeEventListener('abort', stop);
  cancel();
}
