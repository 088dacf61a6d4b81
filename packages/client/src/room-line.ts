import type { Hold } from './outbox.ts';
import { WeirError } from './weir-error.ts';

interface Waiting {
  readonly bytes: number;
  readonly admit: (hold: Hold) => void;
  readonly refuse: (error: WeirError) => void;
}

/** Those who wait for room, first come, first served. As many as callers hold promises. */
export class RoomLine {
  readonly #hold: (bytes: number) => Hold | undefined;
  readonly #waiting = new Set<Waiting>();

  constructor(hold: (bytes: number) => Hold | undefined) {
    this.#hold = hold;
  }

  /** Resolves with room held; rejects with `cancelled`, or `closed`. */
  join(bytes: number, signal: AbortSignal | undefined): Promise<Hold> {
    if (signal?.aborted) return Promise.reject(cancelled(signal));
    const hold = this.#waiting.size === 0 ? this.#hold(bytes) : undefined;
    if (hold !== undefined) return Promise.resolve(hold);
    const { promise, resolve, reject } = Promise.withResolvers<Hold>();
    const waiting: Waiting = { bytes, admit: resolve, refuse: reject };
    const aborted = (): void => {
      this.#waiting.delete(waiting);
      reject(cancelled(signal as AbortSignal));
    };
    this.#waiting.add(waiting);
    if (signal === undefined) return promise;
    signal.addEventListener('abort', aborted);
    return promise.finally(() => signal.removeEventListener('abort', aborted));
  }

  /** Something left: lets in as many as fit. */
  admit(): void {
    for (const waiting of this.#waiting) {
      const hold = this.#hold(waiting.bytes);
      if (hold === undefined) return;
      this.#waiting.delete(waiting);
      waiting.admit(hold);
    }
  }

  /** Nobody gets in any more. */
  close(): void {
    const error = new WeirError('closed', 'the client was closed');
    for (const { refuse } of this.#waiting) refuse(error);
    this.#waiting.clear();
  }
}

export function cancelled(signal: AbortSignal): WeirError {
  return new WeirError('cancelled', 'the signal was aborted', { cause: signal.reason });
}
