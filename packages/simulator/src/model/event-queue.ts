import type { Us } from '@weir/core/world/world';
import { KeyHeap } from './key-heap.ts';

const exactBelow = 9_007_199_254_740_992; // 2^53
const fewCodes = 256; // a heap of so few is as fast as a ring
const mostBuckets = 262_144;
const longestSpacingUs = 1_073_741_824;
const longestWalk = 8; // in a more crowded bucket the heap is faster
const none = -1;
const absent = -2;

/** A request that arrives, a client that asks, one that hears, a process that wakes. */
export const eventKinds = 4;

/** How long a run may be in which so many codes are told apart. */
export function longestUs(codes: number): Us {
  return exactBelow / powerFrom(codes) - 1;
}

function powerFrom(least: number): number {
  let power = 1;
  while (power < least) power *= 2;
  return power;
}

/**
 * What is due next, as bare numbers: an instant in whole µs and a code below `codes`. Both lie in one
 * double, `instant × codes + code`, so an entry is 8 bytes and comparing two is one comparison.
 * Entries of one instant come out in the order of their codes.
 *
 * Of many codes it is a calendar: a ring of buckets, each a sorted list of what falls into one
 * stretch of time. A third of the time of a heap with 10,000 entries. What has no place there waits
 * in a heap beside it: what is due beyond the ring, before what was looked at last, in a crowded
 * bucket, or twice under one code.
 */
export class EventQueue {
  readonly #codes: number;
  readonly #perCode: number;
  readonly #perBucket: number;
  readonly #heap = new KeyHeap();
  readonly #mask: number; // -1 where there is no ring
  readonly #first: Int32Array; // by bucket, the code that is due first in it
  readonly #used: Int32Array; // a bit for each bucket that is not empty
  readonly #keys: Float64Array; // by code
  readonly #after: Int32Array; // by code, the one due after it in the same bucket
  /** Counted on from the start, not around the ring; nothing in the ring is due before it. */
  #bucket = 0;
  #inRing = 0;
  #nowUs: Us = 0;

  /**
   * @param codes rounded up to a power of two; instants must stay below `longestUs(codes)`
   * @param spacingUs from one entry to the next, about: any is right, a good one is fast
   */
  constructor(codes: number, spacingUs: Us) {
    this.#codes = powerFrom(codes);
    this.#perCode = 1 / this.#codes;
    this.#perBucket = this.#perCode / powerFrom(Math.min(spacingUs, longestSpacingUs));
    const isCalendar = codes > fewCodes;
    const buckets = isCalendar ? Math.min(this.#codes, mostBuckets) : 0;
    this.#mask = buckets - 1;
    this.#first = new Int32Array(buckets).fill(none);
    this.#used = new Int32Array(buckets >> 5);
    this.#keys = new Float64Array(isCalendar ? codes : 0);
    this.#after = new Int32Array(isCalendar ? codes : 0).fill(absent);
  }

  get size(): number {
    return this.#inRing + this.#heap.size;
  }

  /** The instant of what was taken last. */
  get nowUs(): Us {
    return this.#nowUs;
  }

  push(atUs: Us, code: number): void {
    const key = atUs * this.#codes + code;
    if (this.#mask < 0 || !this.#hang(key, code)) this.#heap.push(key);
  }

  /** Takes out what is due next, unless that is after `untilUs`, and returns its code; or -1. */
  take(untilUs: Us): number {
    const heapKey = this.#heap.least();
    const code = this.#inRing === 0 ? none : this.#firstInRing();
    const isInRing = code !== none && (this.#keys[code] as number) < heapKey;
    const key = isInRing ? (this.#keys[code] as number) : heapKey;
    const atUs = Math.floor(key * this.#perCode);
    if (atUs > untilUs || key === Infinity) return none;
    this.#nowUs = atUs;
    if (isInRing) {
      this.#unhang(code);
      return code;
    }
    this.#heap.drop();
    return key - atUs * this.#codes;
  }

  /** Moves on to the first bucket that is not empty. */
  #firstInRing(): number {
    let place = this.#bucket & this.#mask;
    const code = this.#first[place] as number;
    if (code !== none) return code;
    let bits = (this.#used[place >> 5] as number) & (-1 << (place & 31));
    while (bits === 0) {
      this.#bucket += 32 - (place & 31);
      place = this.#bucket & this.#mask;
      bits = this.#used[place >> 5] as number;
    }
    this.#bucket += 31 - Math.clz32(bits & -bits) - (place & 31);
    return this.#first[this.#bucket & this.#mask] as number;
  }

  /** Puts a key into the ring. False where it has no place there. */
  #hang(key: number, code: number): boolean {
    const bucket = Math.floor(key * this.#perBucket);
    if (this.#inRing === 0) this.#bucket = bucket;
    const ahead = bucket - this.#bucket;
    if (ahead < 0 || ahead > this.#mask || this.#after[code] !== absent) return false;
    const place = bucket & this.#mask;
    let before = none;
    let next = this.#first[place] as number;
    for (let walked = 0; next !== none && (this.#keys[next] as number) < key; walked += 1) {
      if (walked === longestWalk) return false;
      before = next;
      next = this.#after[next] as number;
    }
    this.#keys[code] = key;
    this.#after[code] = next;
    this.#inRing += 1;
    if (before !== none) {
      this.#after[before] = code;
      return true;
    }
    this.#first[place] = code;
    this.#used[place >> 5] = (this.#used[place >> 5] as number) | (1 << (place & 31));
    return true;
  }

  #unhang(code: number): void {
    const place = this.#bucket & this.#mask;
    const next = this.#after[code] as number;
    this.#first[place] = next;
    this.#after[code] = absent;
    this.#inRing -= 1;
    if (next !== none) return;
    this.#used[place >> 5] = (this.#used[place >> 5] as number) & ~(1 << (place & 31));
  }
}
