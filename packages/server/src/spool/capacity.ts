import { DrainRate } from '@weir/core/drain-rate';
import type { SharedRoom } from '@weir/core/fair-share';
import { Room } from '@weir/core/room';
import type { Refusal } from '@weir/core/wire/refusal';
import type { World } from '@weir/core/world/world';

export interface CapacityBounds {
  /** Requests taken and not yet delivered. */
  readonly maxRequests: number;
  readonly maxBytes: number;
  /** What is left free on the disk. */
  readonly minFreeBytes: number;
}

/**
 * How much the spool may hold, in requests and in bytes, and what it says when that is reached. What
 * is found at start is held even beyond the bounds; then nothing is taken until it is less.
 */
export class Capacity implements SharedRoom {
  readonly #bounds: CapacityBounds;
  readonly #world: World;
  readonly #room: Room;
  readonly #drainedRequests: DrainRate;
  readonly #drainedBytes: DrainRate;
  /** What is held beyond the bounds. */
  readonly #excess = { count: 0, bytes: 0 };
  /** What could still be written when it was last looked at, less what was taken since. */
  #freeBytes = Infinity;

  constructor(bounds: CapacityBounds, world: World) {
    this.#bounds = bounds;
    this.#world = world;
    this.#room = new Room({ maxCount: bounds.maxRequests, maxBytes: bounds.maxBytes });
    this.#drainedRequests = new DrainRate(world.now());
    this.#drainedBytes = new DrainRate(world.now());
  }

  get requests(): number {
    return this.#room.count + this.#excess.count;
  }

  get bytes(): number {
    return this.#room.bytes + this.#excess.bytes;
  }

  get maxRequests(): number {
    return this.#bounds.maxRequests;
  }

  get maxBytes(): number {
    return this.#bounds.maxBytes;
  }

  /**
   * Takes room for one request of `bytes`.
   *
   * @param segments how many segments hold what is held: room comes back by whole ones
   */
  hold(bytes: number, segments: number): Refusal | undefined {
    const { maxRequests, maxBytes, minFreeBytes } = this.#bounds;
    if (this.#freeBytes - bytes < minFreeBytes) {
      const lacking = minFreeBytes + bytes - this.#freeBytes;
      const detail = `the disk of the spool has no more than the ${minFreeBytes} bytes free that are kept`;
      return this.#refusal(detail, this.#drainedBytes, lacking);
    }
    const isOver = this.#excess.count > 0 || this.#excess.bytes > 0;
    if (!isOver && this.#room.hold(1, bytes)) {
      this.#freeBytes -= bytes;
      return undefined;
    }
    const share = 1 / Math.max(1, segments);
    const count = this.requests;
    if (count + 1 > maxRequests) {
      const detail = `the spool holds its most, ${maxRequests} requests`;
      return this.#refusal(detail, this.#drainedRequests, count + 1 - maxRequests + count * share);
    }
    const total = this.bytes;
    const detail = `the spool holds ${total} of at most ${maxBytes} bytes, and this is ${bytes} more`;
    return this.#refusal(detail, this.#drainedBytes, total + bytes - maxBytes + total * share);
  }

  /** More bytes for a request that has room already; false, and nothing held, where they lack. */
  grow(bytes: number): boolean {
    const { minFreeBytes } = this.#bounds;
    if (this.#excess.bytes > 0 || this.#freeBytes - bytes < minFreeBytes) return false;
    if (!this.#room.hold(0, bytes)) return false;
    this.#freeBytes -= bytes;
    return true;
  }

  /** Holds what is there already, even beyond the bounds. */
  force(count: number, bytes: number): void {
    if (this.#room.hold(count, bytes)) return;
    this.#excess.count += count;
    this.#excess.bytes += bytes;
  }

  /** Gives back what was held for requests that were not kept, or turned out smaller. */
  giveBack(count: number, bytes: number): void {
    const excessCount = Math.min(count, this.#excess.count);
    const excessBytes = Math.min(bytes, this.#excess.bytes);
    this.#excess.count -= excessCount;
    this.#excess.bytes -= excessBytes;
    this.#room.giveBack(count - excessCount, bytes - excessBytes);
  }

  /** A segment is done: its room is free, and what it took tells how fast the spool drains. */
  drained(count: number, bytes: number): void {
    const nowMs = this.#world.now();
    this.#drainedRequests.drained(count, nowMs);
    this.#drainedBytes.drained(bytes, nowMs);
    this.giveBack(count, bytes);
  }

  /** The disk was looked at. */
  foundFree(bytes: number): void {
    this.#freeBytes = bytes;
  }

  #refusal(detail: string, rate: DrainRate, lacking: number): Refusal {
    const lot = this.#world.random();
    const retryAfterMs = rate.waitMs(Math.ceil(lacking), this.#world.now(), lot);
    return { refused: 'over_capacity', detail, retryAfterMs };
  }
}
