export interface CacheBounds {
  readonly entries: number;
  readonly bytes: number;
}

/** Remembers what was used last; at either bound the entry that was not used for longest goes. */
export class BoundedCache<T> {
  readonly #bounds: CacheBounds;
  readonly #entries = new Map<string, { readonly value: T; readonly bytes: number }>();
  #bytes = 0;

  constructor(bounds: CacheBounds) {
    this.#bounds = bounds;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key); // to the end of the line
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** @param bytes about what it holds; a value larger than the bound is not kept at all */
  set(key: string, value: T, bytes: number): void {
    this.#drop(key);
    this.#entries.set(key, { value, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      const fits = this.#entries.size <= this.#bounds.entries && this.#bytes <= this.#bounds.bytes;
      if (fits) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }
}
