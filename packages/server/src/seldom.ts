import type { Ms, World } from '@weir/core/world/world';

interface Said {
  atMs: Ms;
  /** Since it was said last. */
  passedOver: number;
}

const everyMs: Ms = 10_000;
const mostKinds = 100;

/**
 * Lets the same thing be said once in ten seconds, with how often it happened since: what repeats fills
 * a log and tells nothing new. Beyond 100 kinds of things the one said longest ago is forgotten, and may
 * be said again.
 */
export class Seldom {
  readonly #world: World;
  readonly #said = new Map<string, Said>();

  constructor(world: World) {
    this.#world = world;
  }

  /** How often it was passed over since it was said last; undefined where it is not to be said now. */
  due(kind: string): number | undefined {
    const nowMs = this.#world.now();
    const said = this.#said.get(kind);
    if (said !== undefined && nowMs < said.atMs + everyMs) {
      said.passedOver += 1;
      return undefined;
    }
    this.#said.delete(kind); // so that the order is that of the last time
    this.#said.set(kind, { atMs: nowMs, passedOver: 0 });
    if (this.#said.size > mostKinds) this.#forgetOldest();
    return said?.passedOver ?? 0;
  }

  #forgetOldest(): void {
    for (const oldest of this.#said.keys()) {
      this.#said.delete(oldest);
      return;
    }
  }
}
