import type { Ms, World } from '@weir/core/world/world';

/** What Redis is still to be told of one key. */
export interface Settlement {
  readonly name: string;
  readonly args: readonly (string | Buffer)[];
}

interface Waiting extends Settlement {
  readonly untilMs: Ms;
}

const againMs: Ms = 250;
const mostAtOnce = 64;
const mostWaiting = 10_000;
const mostLength = 16 * 2 ** 20;

/**
 * What could not be said in time is said again until it is heard: else another server would believe
 * that the owner of a key is silent. Bounded in number (10,000) and size (16 MiB), beyond which the
 * oldest are given up; none is kept for longer than the window of its key.
 */
export class Unsettled {
  readonly #world: World;
  readonly #say: (settlement: Settlement) => Promise<unknown>;
  readonly #waiting: Waiting[] = [];
  #length = 0;
  #isTrying = false;

  constructor(world: World, say: (settlement: Settlement) => Promise<unknown>) {
    this.#world = world;
    this.#say = say;
  }

  get size(): number {
    return this.#waiting.length;
  }

  add(settlement: Settlement, forMs: Ms): void {
    this.#waiting.push({ ...settlement, untilMs: this.#world.now() + forMs });
    this.#length += lengthOf(settlement);
    while (this.#waiting.length > mostWaiting || this.#length > mostLength) this.#drop(1);
    if (!this.#isTrying) this.#tryLater();
  }

  #tryLater(): void {
    this.#isTrying = this.#waiting.length > 0;
    if (!this.#isTrying) return;
    this.#world.after(againMs, () => void this.#try().then(() => this.#tryLater()));
  }

  /** In order, some at once, until one is not heard. */
  async #try(): Promise<void> {
    for (;;) {
      const some = this.#waiting.slice(0, mostAtOnce);
      if (some.length === 0) return;
      const nowMs = this.#world.now();
      const due = some.filter(({ untilMs }) => untilMs > nowMs);
      const said = await Promise.allSettled(due.map((one) => this.#say(one)));
      if (said.some(({ status }) => status === 'rejected')) return;
      this.#drop(some.filter((one) => this.#waiting.includes(one)).length);
    }
  }

  #drop(count: number): void {
    for (const gone of this.#waiting.splice(0, count)) this.#length -= lengthOf(gone);
  }
}

function lengthOf({ args }: Settlement): number {
  return args.reduce((sum, one) => sum + one.length, 0);
}
