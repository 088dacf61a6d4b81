import type { Ms, World } from '@weir/core/world/world';

/** Nothing came in the time that was given. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

/**
 * Runs `work` under a signal of its own, which ends with the caller's or after `ms`. Rejects at that
 * moment, with the caller's reason or with `TimedOut`, even if `work` does not listen.
 */
export async function within<T>(
  world: World,
  ms: Ms,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const own = new AbortController();
  const ended = Promise.withResolvers<never>();
  const end = (reason: unknown): void => {
    own.abort(reason);
    ended.reject(reason);
  };
  const stop = (): void => end(signal.reason);
  signal.addEventListener('abort', stop);
  const cancel = world.after(ms, () => end(new TimedOut(`no answer within ${ms} ms`)));
  try {
    return await Promise.race([work(own.signal), ended.promise]);
  } finally {
    cancel();
    signal.removeEventListener('abort', stop);
  }
}
