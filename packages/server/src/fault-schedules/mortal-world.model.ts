import type { Ms, World } from '@weir/core/world/world';

/** The world as a process sees it: when that is killed, nothing it waited for happens any more. */
export class MortalWorld implements World {
  readonly #world: World;
  readonly #clockAheadMs: Ms;
  isAlive = true;

  constructor(world: World, clockAheadMs: Ms) {
    this.#world = world;
    this.#clockAheadMs = clockAheadMs;
  }

  now = (): Ms => this.#world.now();
  date = (): Ms => this.#world.date() + this.#clockAheadMs;
  random = (): number => this.#world.random();
  randomBytes = (count: number): Uint8Array => this.#world.randomBytes(count);

  after = (delayMs: Ms, task: () => void): (() => void) =>
    this.#world.after(delayMs, () => {
      if (this.isAlive) task();
    });
}
