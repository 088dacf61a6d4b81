import type { Ms, World } from '@weir/core/world/world';

/**
 * Runs `act` again and again, `gapMs` after it last ended. The returned function ends that and
 * waits for a run that is under way. `act` must not reject.
 */
export function every(world: World, gapMs: Ms, act: () => Promise<void>): () => Promise<void> {
  let isOver = false;
  let running = Promise.resolve();
  let cancel = () => {};
  const wait = () => {
    cancel = world.after(gapMs, () => {
      running = act().then(() => {
        if (!isOver) wait();
      });
    });
  };
  wait();
  return () => {
    isOver = true;
    cancel();
    return running;
  };
}
