import type { ReadyReason } from '../admin.ts';
import type { Delivery, DeliveryEvents, SegmentName } from '../delivery/delivery-events.ts';
import { StoreError } from './store.ts';

/** Beyond, further ones are delivered or not like any other, and only not told of. */
const mostKnown = 10_000;
const mostTold = 3;

/**
 * Segments that the store refuses for good, even under `_dead`. They stay in the spool, hold up no
 * other, and are tried again now and then; a person must look.
 */
export class StuckSegments implements Partial<DeliveryEvents> {
  readonly #reasons = new Map<string, string>();

  retried(segment: SegmentName, error: unknown): void {
    if (!(error instanceof StoreError) || error.kind !== 'refused') return;
    const name = nameOf(segment);
    if (this.#reasons.size < mostKnown || this.#reasons.has(name)) {
      this.#reasons.set(name, error.message);
    }
  }

  delivered({ manifest }: Pick<Delivery, 'manifest'>): void {
    this.#reasons.delete(nameOf(manifest));
  }

  get count(): number {
    return this.#reasons.size;
  }

  reasons(): ReadyReason[] {
    const all = [...this.#reasons].slice(0, mostTold);
    const told = all.map(([name, reason]) => `segment ${name} stays in the spool: ${reason}`);
    const more = this.#reasons.size - told.length;
    if (more > 0) told.push(`and ${more} more segments stay in the spool`);
    return told.map((reason) => ({ reason, blocks: false }));
  }
}

function nameOf({ writer, segment }: SegmentName): string {
  return `${writer}-${segment}`;
}
