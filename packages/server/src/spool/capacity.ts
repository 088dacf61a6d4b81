import { Room } from '@weir/core/room';
import type { Refusal } from '@weir/core/wire/refusal';
import type { World } from '@weir/core/world/world';

export interface CapacityBounds {
  readonly maxRequests: number;
  readonly maxBytes: number;
}

const shortestRetryMs = 1_000;

/** How much the spool may hold, and what it says when that is reached. */
export class Capacity {
  readonly #room: Room;
  readonly #bounds: CapacityBounds;
  readonly #world: World;
  /** What was found at start, or turned out larger than announced, beyond the bounds. */
  #excess = { count: 0, bytes: 0 };

  constructor(bounds: CapacityBounds, world: World) {
    this.#bounds = bounds;
    this.#world = world;
    this.#room = new Room({ maxCount: bounds.maxRequests, maxBytes: bounds.maxBytes });
  }

  /** Takes room for one request of `bytes`. */
  hold(bytes: number): Refusal | undefined {
    if (this.#excess.count === 0 && this.#excess.bytes === 0 && this.#room.hold(1, bytes)) {
      return undefined;
    }
    const { maxRequests, maxBytes } = this.#bounds;
    return {
      refused: 'over_capacity',
      detail: `the spool holds its most, ${maxRequests} requests or ${maxBytes} bytes`,
      retryAfterMs: shortestRetryMs * (1 + this.#world.random()),
    };
  }

  /** More bytes for a request that has room already; false where there are none. */
  grow(bytes: number): boolean {
    return this.#excess.bytes === 0 && this.#room.hold(0, bytes);
  }

  /** Holds what is there already, even beyond the bounds. */
  force(count: number, bytes: number): void {
    if (this.#room.hold(count, bytes)) return;
    this.#excess.count += count;
    this.#excess.bytes += bytes;
  }

  giveBack(count: number, bytes: number): void {
    const excessCount = Math.min(count, this.#excess.count);
    const excessBytes = Math.min(bytes, this.#excess.bytes);
    this.#excess.count -= excessCount;
    this.#excess.bytes -= excessBytes;
    this.#room.giveBack(count - excessCount, bytes - excessBytes);
  }
}
