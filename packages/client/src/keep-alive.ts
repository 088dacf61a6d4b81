/** Makes something that keeps the process running until the returned function is called. */
export type StartHolding = () => () => void;

/**
 * Keeps the process running while something is under way: the timers of a world never do, so that an
 * idle client holds nothing up, yet a program that awaits its last event must not end before.
 */
export class KeepAlive {
  readonly #start: StartHolding;
  #count = 0;
  #stop: (() => void) | undefined;

  constructor(start: StartHolding) {
    this.#start = start;
  }

  /** Returns how to let go; calling that twice does no harm. */
  hold(): () => void {
    if (this.#count === 0) this.#stop = this.#start();
    this.#count += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#count -= 1;
      if (this.#count > 0) return;
      this.#stop?.();
      this.#stop = undefined;
    };
  }
}
