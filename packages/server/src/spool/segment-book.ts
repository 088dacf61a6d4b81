import type { Holding } from '@weir/core/fair-share';
import type { ReceiptId } from '@weir/core/wire/receipt';
import type { Ms, World } from '@weir/core/world/world';
import type { Batch } from './record.ts';
import type { SegmentName, SegmentSource } from './segment-store.ts';

/** What a tenant has in a segment, or in the whole spool. */
interface TenantHolding {
  events: number;
  requests: number;
  bytes: number;
}

/** One segment the spool holds, and what of it is safe. */
export interface HeldSegment extends SegmentName {
  /** The name alone, for those who outlive the segment. */
  readonly name: SegmentName;
  requests: number;
  events: number;
  bytes: number;
  readonly tenants: Map<string, TenantHolding>;
  /** Whose each batch is, by ordinal: 8 bytes a request held. */
  readonly owners: string[];
  /** Monotonic instant at which its oldest batch arrived; undefined where it has none. */
  firstAtMs: number | undefined;
  /** Set once it is sealed. */
  source: SegmentSource | undefined;
  /** Its idempotency keys are among those numbered `from` to before `to`, the last of that age. */
  keys: { readonly from: number; readonly to: number; readonly lastAtMs: Ms } | undefined;
}

export function heldSegment({ writer, segment }: SegmentName): HeldSegment {
  return {
    writer,
    segment,
    name: { writer, segment },
    requests: 0,
    events: 0,
    bytes: 0,
    tenants: new Map(),
    owners: [],
    firstAtMs: undefined,
    source: undefined,
    keys: undefined,
  };
}

type Counted = Pick<Batch, 'tenant' | 'accepted'>;

/** Counts a batch in a segment of which no book knows yet. */
export function countIn(segment: HeldSegment, { tenant, accepted }: Counted, bytes: number): void {
  segment.requests += 1;
  segment.events += accepted;
  segment.bytes += bytes;
  const last = segment.owners.at(-1);
  segment.owners.push(last === tenant ? last : tenant); // recovered names are copies: keep one
  const own = holdingIn(segment.tenants, tenant);
  own.requests += 1;
  own.events += accepted;
  own.bytes += bytes;
}

function holdingIn(tenants: Map<string, TenantHolding>, tenant: string): TenantHolding {
  const known = tenants.get(tenant);
  if (known !== undefined) return known;
  const own = { events: 0, requests: 0, bytes: 0 };
  tenants.set(tenant, own);
  return own;
}

/** A tenant that comes to 0 is no longer listed. */
export function addTo(counts: Map<string, number>, tenant: string, events: number): void {
  const sum = (counts.get(tenant) ?? 0) + events;
  if (sum === 0) counts.delete(tenant);
  else counts.set(tenant, sum);
}

/** What a segment book holds in total; the map is a live view. */
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
  readonly #total = { requests: 0, events: 0, bytes: 0 };
  readonly #queued = new Map<string, number>();
  readonly #holdings = new Map<string, TenantHolding>();
  #closed = false;

  constructor(world: World) {
    this.#world = world;
  }

  /** Takes in a segment, with what is counted in it already. */
  add(segment: HeldSegment): void {
    this.#held.set(nameOf(segment), segment);
    this.#change(segment, 1);
  }

  has(name: SegmentName): boolean {
    return this.#held.has(nameOf(name));
  }

  get size(): number {
    return this.#held.size;
  }

  /** Counts a batch that is safe, in a segment that was added. */
  count(segment: HeldSegment, { tenant, accepted }: Counted, bytes: number): void {
    countIn(segment, { tenant, accepted }, bytes);
    this.#total.requests += 1;
    this.#total.events += accepted;
    this.#total.bytes += bytes;
    addTo(this.#queued, tenant, accepted);
    const own = holdingIn(this.#holdings, tenant);
    own.requests += 1;
    own.events += accepted;
    own.bytes += bytes;
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
    if (!this.#held.delete(nameOf(segment))) return;
    this.#change(segment, -1);
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

  ownerOf({ writer, segment, ordinal }: ReceiptId): string | undefined {
    return this.#held.get(nameOf({ writer, segment }))?.owners[ordinal];
  }

  /** What a tenant has in all segments; undefined where that is nothing. A live view. */
  holding(tenant: string): Holding | undefined {
    return this.#holdings.get(tenant);
  }

  status(): BookStatus {
    const nowMs = this.#world.now();
    let firstAtMs = nowMs;
    for (const held of this.#held.values()) {
      if (held.requests > 0) firstAtMs = Math.min(firstAtMs, held.firstAtMs ?? nowMs);
    }
    const oldestMs = nowMs - firstAtMs;
    return { ...this.#total, segments: this.#held.size, queued: this.#queued, oldestMs };
  }

  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiters.splice(0)) waiter(undefined);
  }

  #change({ requests, events, bytes, tenants }: HeldSegment, sign: 1 | -1): void {
    this.#total.requests += sign * requests;
    this.#total.events += sign * events;
    this.#total.bytes += sign * bytes;
    for (const [tenant, part] of tenants) {
      addTo(this.#queued, tenant, sign * part.events);
      const own = holdingIn(this.#holdings, tenant);
      own.requests += sign * part.requests;
      own.events += sign * part.events;
      own.bytes += sign * part.bytes;
      if (own.requests === 0) this.#holdings.delete(tenant);
    }
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
