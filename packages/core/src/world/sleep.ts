import type { Ms, World } from './world.ts';

/** The part of an AbortSignal that core needs; core has no DOM types. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Resolves `delayMs` from now. Rejects with the signal's reason, at once, when it is aborted. */
export function sleep(world: World, delayMs: Ms, signal: StopSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const stop = () => {
      cancel();
      signal.removeEventListener('abort', stop);
      reject(signal.reason);
    };
    const cancel = world.after(delayMs, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    signal.addEventListener('abort', stop);
  });
}
