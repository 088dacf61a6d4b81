import { parseReceipt, type ReceiptId } from '@weir/core/wire/receipt';
import type { Ms, World } from '@weir/core/world/world';
import type { Spool } from './spool/spool.ts';

const mostWaits = 1_000;

/**
 * Requests that wait until their batch is in the object store. At most 1,000 wait; whoever comes
 * then is told at once that it is not stored yet. While the server drains nobody waits.
 */
export class StoredWaits {
  readonly #spool: Pick<Spool, 'ownerOf' | 'sealSoon'>;
  readonly #world: World;
  readonly #bySegment = new Map<string, Set<(stored: boolean) => void>>();
  #waiting = 0;
  #ended = false;

  constructor(spool: Pick<Spool, 'ownerOf' | 'sealSoon'>, world: World) {
    this.#spool = spool;
    this.#world = world;
  }

  /** How many wait now. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether one more may wait. */
  get hasRoom(): boolean {
    return !this.#ended && this.#waiting < mostWaits;
  }

  /** True once the batch is stored or dead; false after `timeoutMs`, at the bound or on draining. */
  wait(receipt: string, timeoutMs: Ms): Promise<boolean> {
    const id = parseReceipt(receipt);
    if (id === undefined) return Promise.resolve(false);
    if (this.#spool.ownerOf(id) === undefined) return Promise.resolve(true);
    if (!this.hasRoom) return Promise.resolve(false);
    this.#spool.sealSoon();
    return this.#join(id, timeoutMs);
  }

  #join(id: ReceiptId, timeoutMs: Ms): Promise<boolean> {
    const name = nameOf(id.writer, id.segment);
    const waits = this.#bySegment.get(name) ?? new Set();
    this.#bySegment.set(name, waits);
    this.#waiting += 1;
    return new Promise((resolve) => {
      const settle = (stored: boolean): void => {
        cancel();
        waits.delete(settle);
        if (waits.size === 0) this.#bySegment.delete(name);
        this.#waiting -= 1;
        resolve(stored);
      };
      const cancel = this.#world.after(timeoutMs, () => settle(false));
      waits.add(settle);
    });
  }

  /** To be called when a segment's manifest is written. */
  delivered(writer: string, segment: number): void {
    this.#settle(nameOf(writer, segment), true);
  }

  /** Lets everybody go, and whoever comes later at once. */
  end(): void {
    this.#ended = true;
    for (const name of [...this.#bySegment.keys()]) this.#settle(name, false);
  }

  #settle(name: string, stored: boolean): void {
    for (const settle of [...(this.#bySegment.get(name) ?? [])]) settle(stored);
  }
}

function nameOf(writer: string, segment: number): string {
  return `${writer}-${segment}`;
}
