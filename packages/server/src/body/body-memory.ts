import type { Holding, SharedRoom } from '@weir/core/fair-share';
import { Room } from '@weir/core/room';
import type { Receipt } from '@weir/core/wire/receipt';
import { isRefusal, type Refusal } from '@weir/core/wire/refusal';
import type { Ms, World } from '@weir/core/world/world';
import type { Batch } from '../spool/record.ts';
import type { Slot, Spool } from '../spool/spool.ts';

/** The part of a spool in which room is reserved. */
export type SpoolRoom = Pick<Spool, 'reserve' | 'room' | 'holding'>;

const comeBackMs: Ms = 1_000;

/**
 * The room of a spool, given out only while the bodies in memory take at most `maxBytes` together:
 * those that are being read, decoded or written. Beyond, the answer is 503 at once. The spool's own
 * bounds are its disk's, and many times larger than memory.
 */
export class BodyMemory implements SpoolRoom {
  readonly #spool: SpoolRoom;
  readonly #bodies: Room;
  readonly #maxBytes: number;
  readonly #world: World;

  constructor(spool: SpoolRoom, maxBytes: number, world: World) {
    this.#spool = spool;
    this.#bodies = new Room({ maxCount: Number.MAX_SAFE_INTEGER, maxBytes });
    this.#maxBytes = maxBytes;
    this.#world = world;
  }

  get room(): SharedRoom {
    return this.#spool.room;
  }

  holding(tenant: string): Holding | undefined {
    return this.#spool.holding(tenant);
  }

  reserve(bytes: number): Slot | Refusal {
    if (!this.#bodies.hold(0, bytes)) return this.#refusal(bytes);
    const slot = this.#spool.reserve(bytes);
    if (!isRefusal(slot)) return new BodySlot(slot, this.#bodies, bytes);
    this.#bodies.giveBack(0, bytes);
    return slot;
  }

  #refusal(bytes: number): Refusal {
    const detail = `${this.#bodies.bytes} bytes of bodies are being taken in, at most ${this.#maxBytes} may be, and this is ${bytes} more`;
    const retryAfterMs = comeBackMs * (1 + this.#world.random());
    return { refused: 'over_capacity', detail, retryAfterMs };
  }
}

/** A slot of the spool that also holds memory, until it is released: used or not. */
class BodySlot implements Slot {
  readonly #slot: Slot;
  readonly #bodies: Room;
  #bytes: number;

  constructor(slot: Slot, bodies: Room, bytes: number) {
    this.#slot = slot;
    this.#bodies = bodies;
    this.#bytes = bytes;
  }

  grow(bytes: number): boolean {
    if (!this.#bodies.hold(0, bytes)) return false;
    if (this.#slot.grow(bytes)) {
      this.#bytes += bytes;
      return true;
    }
    this.#bodies.giveBack(0, bytes);
    return false;
  }

  append(batch: Batch): Promise<Receipt | Refusal> {
    return this.#slot.append(batch);
  }

  release(): void {
    this.#slot.release();
    this.#bodies.giveBack(0, this.#bytes);
    this.#bytes = 0;
  }
}
