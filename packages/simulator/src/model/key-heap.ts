const children = 4; // as many as half a line of the cache holds
const firstCapacity = 64;

/**
 * Numbers, of which the least is known at any time. What is taken out leaves a gap at the top until
 * it is asked for the next: where something was put in by then, that fills it, at half the work.
 */
export class KeyHeap {
  #keys = new Float64Array(firstCapacity);
  #size = 0;
  #hasGap = false;

  get size(): number {
    return this.#hasGap ? this.#size - 1 : this.#size;
  }

  /** Infinity where there is none. */
  least(): number {
    if (this.#hasGap) this.#close();
    return this.#size === 0 ? Infinity : (this.#keys[0] as number);
  }

  push(key: number): void {
    if (this.#hasGap) {
      this.#hasGap = false;
      this.#sink(key);
      return;
    }
    if (this.#size === this.#keys.length) this.#grow();
    this.#rise(this.#size, key);
    this.#size += 1;
  }

  /** Takes out what `least` has just returned. */
  drop(): void {
    this.#hasGap = true;
  }

  #close(): void {
    this.#hasGap = false;
    this.#size -= 1;
    if (this.#size > 0) this.#sink(this.#keys[this.#size] as number);
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
