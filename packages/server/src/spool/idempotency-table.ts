import type { RejectedEvent } from '@weir/core/wire/event';
import { formatReceipt } from '@weir/core/wire/receipt';
import type { Ms } from '@weir/core/world/world';
import { hashBytes } from './idempotency.ts';
import type { Repeat } from './record.ts';
import type { SegmentName } from './segment-store.ts';

export interface IdempotencyTableOptions {
  /** How long a key is known. */
  readonly windowMs: Ms;
  /** How many keys are known; beyond, the oldest go. */
  readonly maxKeys: number;
  /** 16 random bytes, so that nobody can choose keys that fall into the same place. */
  readonly salt: Uint8Array;
}

/** A key and what it was answered. */
export interface KeptKey {
  readonly key: Uint8Array;
  readonly body: Uint8Array;
  readonly ordinal: number;
  readonly accepted: number;
  readonly rejected: readonly RejectedEvent[];
  /** Monotonic instant at which its batch arrived; may lie before the start of this process. */
  readonly atMs: Ms;
}

const wordsPerHash = 4;
const firstSlots = 1_024;
const noRejections: readonly RejectedEvent[] = [];

/** The columns of the ring: a key costs 64 bytes, its place in the index included. */
class Columns {
  /** Hashes, as bytes and as the words they are compared by. */
  readonly keys: Uint32Array;
  readonly keyBytes: Uint8Array;
  readonly bodies: Uint8Array;
  readonly ordinals: Uint32Array;
  readonly accepted: Uint32Array;
  readonly atMs: Float64Array;
  /** The segment of each key, the same object for all of a segment; undefined: no key here. */
  readonly names: (SegmentName | undefined)[];

  constructor(slots: number) {
    this.keys = new Uint32Array(slots * wordsPerHash);
    this.keyBytes = new Uint8Array(this.keys.buffer);
    this.bodies = new Uint8Array(slots * hashBytes);
    this.ordinals = new Uint32Array(slots);
    this.accepted = new Uint32Array(slots);
    this.atMs = new Float64Array(slots);
    this.names = new Array<SegmentName | undefined>(slots).fill(undefined);
  }

  /** Takes over what another ring has in a slot. */
  copy(from: Columns, old: number, slot: number): void {
    for (let i = 0; i < wordsPerHash; i += 1) {
      this.keys[slot * wordsPerHash + i] = from.keys[old * wordsPerHash + i] as number;
    }
    this.bodies.set(hashAt(from.bodies, old), slot * hashBytes);
    this.ordinals[slot] = from.ordinals[old] as number;
    this.accepted[slot] = from.accepted[old] as number;
    this.atMs[slot] = from.atMs[old] as number;
    this.names[slot] = from.names[old];
  }
}

/**
 * Keys that were answered lately. They lie in a ring in the order of their coming, which is about
 * that of their going; an index of open addressing finds them. Both grow from small, and never
 * beyond `maxKeys`. Keys and bodies are hashes of 16 bytes.
 */
export class IdempotencyTable {
  readonly #options: IdempotencyTableOptions;
  readonly #salt: Uint32Array;
  readonly #rejected = new Map<number, readonly RejectedEvent[]>();
  readonly #wanted = new Uint32Array(wordsPerHash);
  readonly #wantedBytes = new Uint8Array(this.#wanted.buffer);
  #slots: number = firstSlots;
  #ring: Columns = new Columns(firstSlots);
  /** The slot of the key in this place, plus 1; 0 where there is none. */
  #index: Uint32Array = new Uint32Array(2 * firstSlots);
  /** Keys are numbered as they come; those from `#oldest` up to `#next` are in the ring. */
  #oldest = 0;
  #next = 0;
  #live = 0;

  constructor(options: IdempotencyTableOptions) {
    this.#options = options;
    this.#salt = new Uint32Array(Uint8Array.from(options.salt).buffer);
  }

  /** How many keys are known, some of which may have outlived their window. */
  get size(): number {
    return this.#live;
  }

  /** When the oldest key came; undefined where there is none. */
  get oldestAtMs(): Ms | undefined {
    for (let sequence = this.#oldest; sequence < this.#next; sequence += 1) {
      const slot = this.#slotOf(sequence);
      if (this.#ring.names[slot] !== undefined) return this.#ring.atMs[slot];
    }
    return undefined;
  }

  /**
   * Remembers a key, unless it is known already: the first answer counts. Returns the key's number,
   * for `keysOf`; undefined where its window is over.
   */
  add(name: SegmentName, kept: KeptKey, nowMs: Ms): number | undefined {
    const { maxKeys, windowMs } = this.#options;
    if (maxKeys === 0 || nowMs - kept.atMs >= windowMs) return undefined;
    const known = this.#find(kept.key);
    if (known !== -1) {
      if (!this.#isOver(known, nowMs)) return this.#sequenceOf(known);
      this.#forget(known);
    }
    this.#makeRoom(nowMs);
    const sequence = this.#next;
    const slot = this.#slotOf(sequence);
    this.#next += 1;
    this.#live += 1;
    const ring = this.#ring;
    ring.keyBytes.set(kept.key, slot * hashBytes);
    ring.bodies.set(kept.body, slot * hashBytes);
    ring.ordinals[slot] = kept.ordinal;
    ring.accepted[slot] = kept.accepted;
    ring.atMs[slot] = kept.atMs;
    ring.names[slot] = name;
    if (kept.rejected.length > 0) this.#rejected.set(sequence, kept.rejected);
    this.#enter(slot);
    return sequence;
  }

  /** What the key was answered within the window. */
  get(key: Uint8Array, nowMs: Ms): Repeat | undefined {
    const slot = this.#find(key);
    if (slot === -1 || this.#isOver(slot, nowMs)) return undefined;
    const { writer, segment } = this.#ring.names[slot] as SegmentName;
    const { body, ordinal, accepted, rejected } = this.#at(slot);
    const receipt = { receipt: formatReceipt({ writer, segment, ordinal }), accepted, rejected };
    return { receipt, body: body.slice() };
  }

  /**
   * The keys of a segment that are still known, among those numbered `from` to before `to`. Others
   * may be added meanwhile. The hashes are views, valid until the next key is asked for.
   */
  *keysOf({ writer, segment }: SegmentName, from: number, to: number): Generator<KeptKey> {
    for (let sequence = from; sequence < Math.min(to, this.#next); sequence += 1) {
      if (sequence < this.#oldest) continue;
      const slot = this.#slotOf(sequence);
      const name = this.#ring.names[slot];
      if (name?.segment === segment && name.writer === writer) yield this.#at(slot);
    }
  }

  #at(slot: number): KeptKey {
    const { keyBytes, bodies, ordinals, accepted, atMs } = this.#ring;
    return {
      key: hashAt(keyBytes, slot),
      body: hashAt(bodies, slot),
      ordinal: ordinals[slot] as number,
      accepted: accepted[slot] as number,
      rejected: this.#rejected.get(this.#sequenceOf(slot)) ?? noRejections,
      atMs: atMs[slot] as number,
    };
  }

  #isOver(slot: number, nowMs: Ms): boolean {
    return nowMs - (this.#ring.atMs[slot] as number) >= this.#options.windowMs;
  }

  /** Lets the oldest go that are over or too many, and grows where the ring is full all the same. */
  #makeRoom(nowMs: Ms): void {
    while (this.#oldest < this.#next) {
      const slot = this.#slotOf(this.#oldest);
      const isLive = this.#ring.names[slot] !== undefined;
      const tooMany = this.#live >= this.#options.maxKeys;
      if (isLive && !tooMany && !this.#isOver(slot, nowMs)) break;
      if (isLive) this.#forget(slot);
      this.#oldest += 1;
    }
    if (this.#next - this.#oldest === this.#slots) this.#grow();
  }

  #forget(slot: number): void {
    this.#leave(slot);
    this.#rejected.delete(this.#sequenceOf(slot));
    this.#ring.names[slot] = undefined;
    this.#live -= 1;
  }

  #grow(): void {
    const from = this.#ring;
    const to = new Columns(2 * this.#slots);
    const oldSlots = this.#slots;
    this.#slots = 2 * oldSlots;
    this.#ring = to;
    this.#index = new Uint32Array(2 * this.#slots);
    for (let sequence = this.#oldest; sequence < this.#next; sequence += 1) {
      const old = sequence % oldSlots;
      const slot = this.#slotOf(sequence);
      to.copy(from, old, slot);
      if (to.names[slot] !== undefined) this.#enter(slot);
    }
  }

  #slotOf(sequence: number): number {
    return sequence % this.#slots;
  }

  /** The number of the key that is in this slot now. */
  #sequenceOf(slot: number): number {
    const first = this.#oldest - (this.#oldest % this.#slots) + slot;
    return first < this.#oldest ? first + this.#slots : first;
  }

  /** The slot of a key, or -1. */
  #find(key: Uint8Array): number {
    const wanted = this.#wanted;
    this.#wantedBytes.set(key);
    const mask = this.#index.length - 1;
    for (let place = this.#homeOf(wanted, 0); ; place = (place + 1) & mask) {
      const slot = (this.#index[place] as number) - 1;
      if (slot === -1) return -1;
      if (this.#isSame(wanted, slot * wordsPerHash)) return slot;
    }
  }

  #isSame(wanted: Uint32Array, at: number): boolean {
    const { keys } = this.#ring;
    return (
      keys[at] === wanted[0] &&
      keys[at + 1] === wanted[1] &&
      keys[at + 2] === wanted[2] &&
      keys[at + 3] === wanted[3]
    );
  }

  #enter(slot: number): void {
    const mask = this.#index.length - 1;
    let place = this.#homeOf(this.#ring.keys, slot * wordsPerHash);
    while (this.#index[place] !== 0) place = (place + 1) & mask;
    this.#index[place] = slot + 1;
  }

  /** Takes a slot out of the index, and moves up those that were pushed on by it. */
  #leave(slot: number): void {
    const mask = this.#index.length - 1;
    let hole = this.#homeOf(this.#ring.keys, slot * wordsPerHash);
    while (this.#index[hole] !== slot + 1) hole = (hole + 1) & mask;
    for (let place = (hole + 1) & mask; this.#index[place] !== 0; place = (place + 1) & mask) {
      const other = this.#index[place] as number;
      const home = this.#homeOf(this.#ring.keys, (other - 1) * wordsPerHash);
      if (((place - home) & mask) >= ((place - hole) & mask)) {
        this.#index[hole] = other;
        hole = place;
      }
    }
    this.#index[hole] = 0;
  }

  /** Where the search for a key begins. */
  #homeOf(words: Uint32Array, at: number): number {
    let mixed = 0;
    for (let i = 0; i < wordsPerHash; i += 1) {
      mixed = Math.imul(mixed ^ (words[at + i] as number) ^ (this.#salt[i] as number), 0x85ebca6b);
      mixed ^= mixed >>> 15;
    }
    return mixed & (this.#index.length - 1);
  }
}

function hashAt(hashes: Uint8Array, slot: number): Uint8Array {
  return hashes.subarray(slot * hashBytes, (slot + 1) * hashBytes);
}
