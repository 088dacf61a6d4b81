import type { ReceiptId } from '@weir/core/wire/receipt';
import type { World } from '@weir/core/world/world';
import type { SegmentName, SegmentSource } from './segment-store.ts';

/** One segment the spool holds, and what of it is safe. */
export interface HeldSegment extends SegmentName {
  requests: number;
  events: number;
  bytes: number;
  /** Events by tenant. */
  readonly tenants: Map<string, number>;
  /** Monotonic instant at which its oldest batch arrived; undefined where it has none. */
  firstAtMs: number | undefined;
  /** Set once it is sealed. */
  source: SegmentSource | undefined;
}

export function heldSegment({ writer, segment }: SegmentName): HeldSegment {
  return {
    writer,
    segment,
    requests: 0,
    events: 0,
    bytes: 0,
    tenants: new Map(),
    firstAtMs: undefined,
    source: undefined,
  };
}

export function addTo(counts: Map<string, number>, tenant: string, events: number): void {
  counts.set(tenant, (counts.get(tenant) ?? 0) + events);
}

/** What a segment book holds in total. */
export interface BookStatus {
  readonly requests: number;
  readonly events: number;
  readonly bytes: number;
  readonly segments: number;
  readonly queued: ReadonlyMap<string, number>;
  readonly oldestMs: number;
}

type Waiter = (segment: HeldSegment | undefined) => void;

/** All segments of a spool, what they hold, and whose turn it is to be leased. */
export class SegmentBook {
  readonly #world: World;
  readonly #held = new Map<string, HeldSegment>();
  readonly #queue: HeldSegment[] = [];
  readonly #waiters: Waiter[] = [];
  #closed = false;

  constructor(world: World) {
    this.#world = world;
  }

  add(segment: HeldSegment): void {
    this.#held.set(nameOf(segment), segment);
  }

  /** Counts a batch that is safe. */
  count(segment: HeldSegment, batch: { tenant: string; accepted: number }, bytes: number): void {
    segment.requests += 1;
    segment.events += batch.accepted;
    segment.bytes += bytes;
    addTo(segment.tenants, batch.tenant, batch.accepted);
  }

  /** It will not change any more: it may be leased, the oldest first. */
  sealed(segment: HeldSegment, source: SegmentSource): void {
    segment.source = source;
    this.#offer(segment);
  }

  /** To be leased again, after those that wait. */
  released(segment: HeldSegment): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#queue.push(segment);
    else waiter(segment);
  }

  remove(segment: HeldSegment): void {
    this.#held.delete(nameOf(segment));
  }

  /** The next segment, as soon as there is one; undefined once closed or aborted. */
  next(signal: AbortSignal): Promise<HeldSegment | undefined> {
    if (this.#closed || signal.aborted) return Promise.resolve(undefined);
    const first = this.#queue.shift();
    if (first !== undefined) return Promise.resolve(first);
    return new Promise((resolve) => {
      const abort = () => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        resolve(undefined);
      };
      const waiter: Waiter = (segment) => {
        signal.removeEventListener('abort', abort);
        resolve(segment);
      };
      this.#waiters.push(waiter);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  holds({ writer, segment, ordinal }: ReceiptId): boolean {
    const held = this.#held.get(nameOf({ writer, segment }));
    return held !== undefined && ordinal < held.requests;
  }

  /** Whether any segment of this writer is left. */
  holdsAnyOf(writer: string): boolean {
    for (const held of this.#held.values()) if (held.writer === writer) return true;
    return false;
  }

  status(): BookStatus {
    const queued = new Map<string, number>();
    const total = { requests: 0, events: 0, bytes: 0 };
    const nowMs = this.#world.now();
    let firstAtMs = nowMs;
    for (const held of this.#held.values()) {
      total.requests += held.requests;
      total.events += held.events;
      total.bytes += held.bytes;
      for (const [tenant, events] of held.tenants) addTo(queued, tenant, events);
      if (held.requests > 0) firstAtMs = Math.min(firstAtMs, held.firstAtMs ?? nowMs);
    }
    return { ...total, segments: this.#held.size, queued, oldestMs: nowMs - firstAtMs };
  }

  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiters.splice(0)) waiter(undefined);
  }

  #offer(segment: HeldSegment): void {
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      waiter(segment);
      return;
    }
    const later = this.#queue.findIndex((other) => startOf(other) > startOf(segment));
    this.#queue.splice(later === -1 ? this.#queue.length : later, 0, segment);
  }
}

function startOf({ firstAtMs }: HeldSegment): number {
  return firstAtMs ?? Infinity;
}

function nameOf({ writer, segment }: SegmentName): string {
  return `${writer}-${segment}`;
}
