import type { Receipt } from '@weir/core/wire/receipt';
import type { Refusal } from '@weir/core/wire/refusal';
import type { Batch } from './record.ts';
import type { Slot } from './spool.ts';

/** What a slot asks of its spool. */
export interface SlotOwner {
  grow(bytes: number): boolean;
  giveBack(bytes: number): void;
  append(batch: Batch, reserved: number): Promise<Receipt | Refusal>;
}

/** Room held for one request until it is used or given back. */
export class HeldSlot implements Slot {
  readonly #owner: SlotOwner;
  #bytes: number;
  #isHeld = true;

  constructor(owner: SlotOwner, bytes: number) {
    this.#owner = owner;
    this.#bytes = bytes;
  }

  grow(bytes: number): boolean {
    if (!this.#isHeld || !this.#owner.grow(bytes)) return false;
    this.#bytes += bytes;
    return true;
  }

  append(batch: Batch): Promise<Receipt | Refusal> {
    if (!this.#isHeld) throw new Error('this slot was used or given back already');
    this.#isHeld = false;
    return this.#owner.append(batch, this.#bytes);
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#owner.giveBack(this.#bytes);
  }
}
