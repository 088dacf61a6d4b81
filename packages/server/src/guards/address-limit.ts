import { compileQuota, gcra, type Quota, type RateState } from '@weir/core/gcra';
import type { Ms, World } from '@weir/core/world/world';

/** Addresses remembered; beyond, the one that was quiet for the longest is forgotten. */
const mostAddresses = 100_000;

/**
 * Requests by address, whoever they are from: the rate law in the memory of this process, asked
 * before any key is looked at. A few hundred bytes an address, at most 100,000 of them.
 */
export class AddressLimit {
  readonly #quota: Quota;
  readonly #world: World;
  readonly #states = new Map<string, RateState>();

  /** @param perSecond requests a second; twice as many may come at once */
  constructor(perSecond: number, world: World) {
    this.#quota = compileQuota({ tokens: perSecond, periodUs: 1_000_000, burst: 2 * perSecond });
    this.#world = world;
  }

  get size(): number {
    return this.#states.size;
  }

  /** Counts a request; how long its address must stay away, or undefined where it may pass. */
  take(name: string): Ms | undefined {
    const nowUs = Math.round(this.#world.now() * 1_000);
    const { allowed, next, retryAfterUs } = gcra(this.#quota, this.#states.get(name), nowUs, 1);
    this.#states.delete(name); // set again, it is the last to be forgotten
    if (next !== undefined) this.#states.set(name, next);
    if (this.#states.size > mostAddresses) this.#forgetOldest();
    return allowed ? undefined : retryAfterUs / 1_000;
  }

  #forgetOldest(): void {
    for (const name of this.#states.keys()) {
      this.#states.delete(name);
      return;
    }
  }
}
