import type { Us } from '@weir/core/world/world';

/** Instants at which events came to be, oldest first: a ring that refuses what is beyond its bound. */
export class Backlog {
  readonly #bound: number;
  #ring = new Float64Array(64);
  #first = 0;
  #size = 0;

  constructor(bound: number) {
    this.#bound = bound;
  }

  get size(): number {
    return this.#size;
  }

  /** False where it is full. */
  add(atUs: Us): boolean {
    if (this.#size >= this.#bound) return false;
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#first + this.#size) % this.#ring.length] = atUs;
    this.#size += 1;
    return true;
  }

  /** When the oldest came to be; Infinity where there is none. */
  get oldestUs(): Us {
    return this.#size === 0 ? Infinity : (this.#ring[this.#first] as Us);
  }

  /** The oldest, of which there must be one. */
  take(): Us {
    const atUs = this.#ring[this.#first] as Us;
    this.#first = (this.#first + 1) % this.#ring.length;
    this.#size -= 1;
    return atUs;
  }

  #grow(): void {
    const grown = new Float64Array(this.#ring.length * 2);
    for (let i = 0; i < this.#size; i += 1) {
      grown[i] = this.#ring[(this.#first + i) % this.#ring.length] as Us;
    }
    this.#ring = grown;
    this.#first = 0;
  }
}
