const firstCapacity = 1_024;

/**
 * Numbers the keys of a trace, from 0 in the order in which they appear, straight from their bytes: a
 * string for each of ten million lines would cost more than all the rest. Holds at most `most` keys.
 */
export class KeyTable {
  readonly #most: number;
  readonly #names: string[] = [];
  readonly #bytes: Uint8Array[] = [];
  #slots: Int32Array = new Int32Array(firstCapacity).fill(-1); // open addressing, half full at most
  #hashes: Int32Array = new Int32Array(firstCapacity);

  constructor(most: number) {
    this.#most = most;
  }

  get names(): readonly string[] {
    return this.#names;
  }

  /** The number of the key that stands from `from` up to `to`; -1 where there is no room for it. */
  idOf(text: Uint8Array, from: number, to: number): number {
    let hash = 0x81_1c_9d_c5 | 0; // FNV-1a
    for (let i = from; i < to; i += 1) hash = Math.imul(hash ^ (text[i] as number), 0x01_00_01_93);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = this.#slots[slot] as number;
      if (id === -1) return this.#add(hash, slot, text.slice(from, to));
      if (this.#hashes[slot] === hash && this.#isSame(id, text, from, to)) return id;
    }
  }

  #isSame(id: number, text: Uint8Array, from: number, to: number): boolean {
    const bytes = this.#bytes[id] as Uint8Array;
    if (bytes.length !== to - from) return false;
    for (let i = 0; i < bytes.length; i += 1) if (bytes[i] !== text[from + i]) return false;
    return true;
  }

  #add(hash: number, slot: number, bytes: Uint8Array): number {
    const id = this.#names.length;
    if (id === this.#most) return -1;
    this.#names.push(new TextDecoder().decode(bytes));
    this.#bytes.push(bytes);
    this.#slots[slot] = id;
    this.#hashes[slot] = hash;
    if (this.#names.length * 2 > this.#slots.length) this.#grow();
    return id;
  }

  #grow(): void {
    const [slots, hashes] = [this.#slots, this.#hashes];
    this.#slots = new Int32Array(slots.length * 2).fill(-1);
    this.#hashes = new Int32Array(slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let from = 0; from < slots.length; from += 1) {
      if (slots[from] === -1) continue;
      const hash = hashes[from] as number;
      let slot = hash & mask;
      while (this.#slots[slot] !== -1) slot = (slot + 1) & mask;
      this.#slots[slot] = slots[from] as number;
      this.#hashes[slot] = hash;
    }
  }
}
