import { Room } from '@weir/core/room';
import type { Item } from './item.ts';
import { TextPages } from './text-pages.ts';

export interface QueueBounds {
  readonly maxQueueEvents: number;
  readonly maxQueueBytes: number;
  readonly maxBatchEvents: number;
  readonly maxBatchBytes: number;
}

const leastCompaction = 1_024;
/**
 * What an event takes in memory beside its text: its record, who waits for it, places in lists, and
 * what the engine has not collected yet. The bound in bytes counts it: of small events it is half.
 */
export const besideBytes = 384;
const mostSkipped = 10_000;

/**
 * Events in the order in which they came. What is in memory at all, in flight included, is held
 * against the bounds; a batch is cut from the front only when it is about to be sent, so that it is
 * as full as it can be.
 */
export class Queue {
  /** Where the texts of all that is in memory lie. */
  readonly pages: TextPages = new TextPages();
  readonly #bounds: QueueBounds;
  readonly #room: Room;
  #items: Item[] = [];
  #head = 0;
  #bytes = 0;
  #count = 0;
  #spare: Item | undefined;
  /** Ordering keys of what is in flight, with how many batches. */
  readonly #busyKeys = new Set<string>();

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
    this.#room = new Room({ maxCount: bounds.maxQueueEvents, maxBytes: bounds.maxQueueBytes });
  }

  /** Events that wait, those in flight left out. */
  get count(): number {
    return this.#count;
  }

  /** Events and bytes in memory, in flight included, and what each takes beside its text. */
  get held(): { readonly count: number; readonly bytes: number } {
    return this.#room.status();
  }

  get isFullBatch(): boolean {
    const { maxBatchEvents, maxBatchBytes } = this.#bounds;
    return this.#count >= maxBatchEvents || this.#bytes >= maxBatchBytes;
  }

  /** The one that waits longest. */
  get first(): Item | undefined {
    while (this.#head < this.#items.length && this.#items[this.#head]?.isGone) this.#head += 1;
    return this.#items[this.#head];
  }

  /** Takes room for one event, which `push` must be given next; false where there is none. */
  hold(bytes: number): boolean {
    return this.#room.hold(1, bytes + besideBytes);
  }

  /** Puts an event at the end, for which room is held. */
  push(item: Item): void {
    this.#items.push(item);
    this.#count += 1;
    this.#bytes += item.bytes + 1;
    const unused = this.#items.length - this.#count;
    if (unused >= leastCompaction && unused >= this.#count) this.#sweep();
  }

  /** The events of one batch; empty where all that wait must wait for one in flight. */
  cut(): Item[] {
    const { maxBatchEvents, maxBatchBytes } = this.#bounds;
    const taken: Item[] = [];
    const passed: Item[] = [];
    const skipped = new Set<string>(); // their later events must not overtake them
    let bytes = 0;
    let at = this.#head;
    for (; at < this.#items.length && passed.length < mostSkipped; at += 1) {
      const item = this.#items[at] as Item;
      if (item.isGone) continue;
      if (
        taken.length >= maxBatchEvents ||
        (taken.length > 0 && bytes + item.bytes > maxBatchBytes)
      ) {
        break;
      }
      const { orderingKey } = item;
      if (
        orderingKey !== undefined &&
        (this.#busyKeys.has(orderingKey) || skipped.has(orderingKey))
      ) {
        skipped.add(orderingKey);
        passed.push(item);
        continue;
      }
      taken.push(item);
      bytes += item.bytes + 1;
    }
    this.#advance(at, passed);
    this.#took(taken, bytes);
    return taken;
  }

  /** Their ordering keys are free again. */
  landed(items: readonly Item[]): void {
    for (const { orderingKey } of items) {
      if (orderingKey !== undefined) this.#busyKeys.delete(orderingKey);
    }
  }

  /** An event's story ended: its room is free. Once for each. */
  giveBack({ bytes }: Pick<Item, 'bytes'>): void {
    this.#room.giveBack(1, bytes + besideBytes);
  }

  /** An event is settled while it waits here. */
  forget(item: Item): void {
    this.#count -= 1;
    this.#bytes -= item.bytes + 1;
  }

  /**
   * The first was settled, and nothing else knows of it: its record is used again. Where the oldest
   * make room for the newest, each would else lie about until the old space of the heap is collected.
   */
  recycleFirst(item: Item): void {
    if (this.#items[this.#head] !== item) return;
    this.#head += 1;
    this.#spare = item;
  }

  /** A record to write to; undefined where there is none to be used again. */
  takeSpare(): Item | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare;
  }

  /** Those that wait, in order. */
  *waiting(): Generator<Item> {
    for (let at = this.#head; at < this.#items.length; at += 1) {
      const item = this.#items[at] as Item;
      if (!item.isGone) yield item;
    }
  }

  #took(taken: readonly Item[], bytes: number): void {
    this.#count -= taken.length;
    this.#bytes -= bytes;
    for (const { orderingKey } of taken) {
      if (orderingKey !== undefined) this.#busyKeys.add(orderingKey);
    }
  }

  /** Lets go of what was settled while it waited: where nothing is sent, no batch ever passes it. */
  #sweep(): void {
    this.#items = [...this.waiting()];
    this.#head = 0;
    for (const item of this.#items) this.pages.settle(item);
  }

  /** The next to look at stands at `at`, behind those that were passed over. */
  #advance(at: number, passed: readonly Item[]): void {
    const head = at - passed.length;
    for (const [i, item] of passed.entries()) {
      this.pages.settle(item);
      this.#items[head + i] = item;
    }
    this.#head = head;
    if (this.#head < leastCompaction || this.#head * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
