import { checkCount } from './check.ts';

export interface RoomBounds {
  readonly maxCount: number;
  readonly maxBytes: number;
}

export interface RoomStatus extends RoomBounds {
  readonly count: number;
  readonly bytes: number;
}

/** What is held at this moment, never more than its bounds in count and in bytes. */
export class Room {
  readonly #bounds: RoomBounds;
  #count = 0;
  #bytes = 0;

  constructor(bounds: RoomBounds) {
    checkCount('maxCount', bounds.maxCount);
    checkCount('maxBytes', bounds.maxBytes);
    this.#bounds = bounds;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes room for `count` things of `bytes` together; false, and nothing taken, if it lacks. */
  hold(count: number, bytes: number): boolean {
    if (!(count >= 0 && bytes >= 0)) throw new RangeError(`cannot hold ${count} of ${bytes} bytes`);
    const { maxCount, maxBytes } = this.#bounds;
    if (this.#count + count > maxCount || this.#bytes + bytes > maxBytes) return false;
    this.#count += count;
    this.#bytes += bytes;
    return true;
  }

  /** Gives back what `hold` took. More than is held is a mistake in the caller, and throws. */
  giveBack(count: number, bytes: number): void {
    const countLeft = this.#count - count;
    const bytesLeft = this.#bytes - bytes;
    const sound = count >= 0 && bytes >= 0 && countLeft >= 0 && bytesLeft >= 0;
    if (!sound) throw new RangeError(`gave back ${count} of ${bytes} bytes, more than was held`);
    this.#count = countLeft;
    this.#bytes = bytesLeft;
  }

  status(): RoomStatus {
    return { ...this.#bounds, count: this.#count, bytes: this.#bytes };
  }
}
