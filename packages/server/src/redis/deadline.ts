import type { Ms, World } from '@weir/core/world/world';

/** No reply within the deadline. Whether the command was carried out is not known. */
export class RedisTimeout extends Error {
  override readonly name = 'RedisTimeout';
}

/**
 * The same answer, or a `RedisTimeout` after `deadlineMs`. A process that was itself held up first
 * looks at what has arrived meanwhile: its own pauses are not Redis's.
 *
 * @param late is told the answer of who was given up, as soon as it arrives; undefined if it failed
 */
export function withinDeadline<T>(
  answer: Promise<T>,
  deadlineMs: Ms,
  world: World,
  late: (answer: T | undefined) => void = ignore,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let isOver = false;
  const giveUp = (): void => {
    isOver = true;
    reject(new RedisTimeout(`no reply within ${Math.ceil(deadlineMs)} ms`));
  };
  // Timers run before sockets are read; a second timer runs after that.
  let cancel = world.after(deadlineMs, () => {
    cancel = world.after(0, giveUp);
  });
  answer.then(
    (value) => {
      if (isOver) return late(value);
      cancel();
      resolve(value);
    },
    (error: Error) => {
      if (isOver) return late(undefined);
      cancel();
      reject(error);
    },
  );
  return promise;
}

function ignore(): void {}
