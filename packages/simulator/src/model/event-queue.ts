import type { Us } from '@weir/core/world/world';

const children = 4; // as many as half a line of the cache holds
const firstCapacity = 64;
const exactBelow = 9_007_199_254_740_992; // 2^53

/** A request that arrives, a client that asks, one that hears, a process that wakes. */
export const eventKinds = 4;

/** How long a run may be in which so many codes are told apart. */
export function longestUs(codes: number): Us {
  return exactBelow / powerFrom(codes) - 1;
}

function powerFrom(codes: number): number {
  let power = 1;
  while (power < codes) power *= 2;
  return power;
}

/**
 * What is due next, as bare numbers: an instant in whole µs and a code below `codes`. Both lie in one
 * double, `instant × codes + code`, so an entry is 8 bytes and comparing two is one comparison.
 * Entries of one instant come out in the order of their codes.
 */
export class EventQueue {
  readonly #codes: number;
  #keys = new Float64Array(firstCapacity);
  #size = 0;

  /** @param codes rounded up to a power of two; instants must stay below `longestUs(codes)` */
  constructor(codes: number) {
    this.#codes = powerFrom(codes);
  }

  get size(): number {
    return this.#size;
  }

  push(atUs: Us, code: number): void {
    if (this.#size === this.#keys.length) this.#grow();
    this.#rise(this.#size, atUs * this.#codes + code);
    this.#size += 1;
  }

  /** The instant of the next entry; Infinity where there is none. */
  nextUs(): Us {
    return this.#size === 0 ? Infinity : Math.floor((this.#keys[0] as number) / this.#codes);
  }

  /** The code of the next entry, of which there must be one. */
  nextCode(): number {
    const key = this.#keys[0] as number;
    return key - Math.floor(key / this.#codes) * this.#codes;
  }

  /** Takes the next entry out. */
  drop(): void {
    this.#size -= 1;
    if (this.#size > 0) this.#sink(this.#keys[this.#size] as number);
  }

  /** Takes the next entry out and puts another in: half the work of doing one after the other. */
  replace(atUs: Us, code: number): void {
    this.#sink(atUs * this.#codes + code);
  }

  #rise(from: number, key: number): void {
    const keys = this.#keys;
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 2;
      const parent = keys[above] as number;
      if (parent <= key) break;
      keys[place] = parent;
      place = above;
    }
    keys[place] = key;
  }

  /** Puts a key at the top, and then as far down as it belongs. */
  #sink(key: number): void {
    const keys = this.#keys;
    const size = this.#size;
    let place = 0;
    for (;;) {
      const first = place * children + 1;
      if (first >= size) break;
      const end = Math.min(first + children, size);
      let least = first;
      let leastKey = keys[first] as number;
      for (let child = first + 1; child < end; child += 1) {
        const childKey = keys[child] as number;
        if (childKey < leastKey) {
          least = child;
          leastKey = childKey;
        }
      }
      if (key <= leastKey) break;
      keys[place] = leastKey;
      place = least;
    }
    keys[place] = key;
  }

  #grow(): void {
    const grown = new Float64Array(this.#keys.length * 2);
    grown.set(this.#keys);
    this.#keys = grown;
  }
}
