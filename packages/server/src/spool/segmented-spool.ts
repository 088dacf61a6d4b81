import { formatReceipt, type Receipt, type ReceiptId } from '@weir/core/wire/receipt';
import type { Refusal } from '@weir/core/wire/refusal';
import type { Ms, World } from '@weir/core/world/world';
import { Capacity, type CapacityBounds } from './capacity.ts';
import { IdempotencyTable } from './idempotency-table.ts';
import { type Batch, encodeMeta, type Repeat } from './record.ts';
import { type HeaderTemplate, type OpenSegment, Rotation, type SealRules } from './rotation.ts';
import { addTo, type HeldSegment, heldSegment, SegmentBook } from './segment-book.ts';
import type { SegmentStore } from './segment-store.ts';
import type { Lease, Slot, Spool, SpoolStatus } from './spool.ts';
import type { RecoveredSegment } from './take-over.ts';

export interface SpoolOptions {
  readonly bounds: CapacityBounds;
  readonly rules: SealRules;
  readonly header: HeaderTemplate;
  readonly idempotency: { readonly windowMs: Ms; readonly maxKeys: number };
}

/** A spool of segments, wherever its store keeps them. */
export class SegmentedSpool implements Spool {
  readonly #world: World;
  readonly #store: SegmentStore;
  readonly #book: SegmentBook;
  readonly #capacity: Capacity;
  readonly #rotation: Rotation;
  readonly #keys: IdempotencyTable;
  readonly #recovered = new Map<string, number>();
  readonly #quarantined = new Map<string, number>();
  readonly #quarantinedSegments: string[] = [];
  #draining = false;

  constructor(options: SpoolOptions, world: World, store: SegmentStore) {
    this.#world = world;
    this.#store = store;
    this.#book = new SegmentBook(world);
    this.#capacity = new Capacity(options.bounds, world);
    this.#keys = new IdempotencyTable(options.idempotency);
    const { rules, header } = options;
    this.#rotation = new Rotation({ world, store, book: this.#book, rules, header });
  }

  /** Makes the first segment, so that the first request need not wait for it. */
  async start(): Promise<void> {
    await this.#rotation.ready();
  }

  reserve(bytes: number): Slot | Refusal {
    return this.#closedTo() ?? this.#capacity.hold(bytes) ?? new HeldSlot(this, bytes);
  }

  grow(bytes: number): boolean {
    return this.#capacity.grow(bytes);
  }

  giveBack(bytes: number): void {
    this.#capacity.giveBack(1, bytes);
  }

  /** Adds a batch for which `reserved` bytes are held. */
  async append(batch: Batch, reserved: number): Promise<Receipt | Refusal> {
    const closed = this.#closedTo();
    if (closed !== undefined) return this.#refuse(closed, reserved);
    let arrivedAtMs = Math.floor(this.#world.date());
    let open = this.#rotation.current(arrivedAtMs);
    while (open === undefined) {
      const refusal = (await this.#rotation.ready()) ?? this.#closedTo();
      if (refusal !== undefined) return this.#refuse(refusal, reserved);
      arrivedAtMs = Math.floor(this.#world.date());
      open = this.#rotation.current(arrivedAtMs);
    }
    const meta = encodeMeta(batch, arrivedAtMs);
    const bytes = meta.length + batch.body.length;
    const ordinal = open.placed;
    const committed = open.file.append(meta, batch.body);
    this.#rotation.placed(open, batch.accepted, bytes);
    this.#resize(reserved, bytes);
    try {
      await committed;
    } catch (error) {
      this.#rotation.settled(open, false);
      return this.#refuse(diskTrouble(error as Error), bytes);
    }
    const receipt = this.#accept(batch, open, { ordinal, bytes });
    this.#rotation.settled(open, true);
    return receipt;
  }

  /** Takes in a segment of a writer that died. */
  async adopt({ writer, segment, state, path, batches }: RecoveredSegment): Promise<void> {
    const held = heldSegment({ writer, segment });
    const nowMs = this.#world.now();
    const date = this.#world.date();
    for (const [ordinal, batch] of batches.entries()) {
      const bytes = batch.body.length;
      const ageMs = Math.max(0, date - batch.arrivedAtMs);
      held.firstAtMs ??= nowMs - ageMs;
      this.#book.count(held, batch, bytes);
      addTo(this.#recovered, batch.tenant, batch.accepted);
      this.#remember(batch, { writer, segment, ordinal }, nowMs - ageMs);
    }
    if (state === 'damaged') return this.#setAside(held);
    this.#book.add(held);
    this.#capacity.force(held.requests, held.bytes);
    this.#book.sealed(held, { path });
  }

  async lease(signal: AbortSignal): Promise<Lease | undefined> {
    const held = await this.#book.next(signal);
    return held === undefined ? undefined : this.#lend(held);
  }

  holds(receipt: ReceiptId): boolean {
    return this.#book.holds(receipt);
  }

  sealSoon(): void {
    this.#rotation.sealSoon();
  }

  repeat(key: Uint8Array): Repeat | undefined {
    return this.#keys.get(key, this.#world.now());
  }

  status(): SpoolStatus {
    return {
      ...this.#book.status(),
      recovered: this.#recovered,
      quarantined: this.#quarantined,
      quarantinedSegments: this.#quarantinedSegments,
      failed: this.#rotation.failed,
    };
  }

  async seal(): Promise<void> {
    this.#draining = true;
    this.#rotation.seal();
    await this.#rotation.quiet();
    await this.#rotation.dropSpare();
  }

  async close(): Promise<void> {
    this.#draining = true;
    this.#book.close();
    await this.#rotation.close();
    await this.#store.close();
  }

  #accept(
    batch: Batch,
    open: OpenSegment,
    { ordinal, bytes }: { readonly ordinal: number; readonly bytes: number },
  ): Receipt {
    const { writer, segment } = open.held;
    this.#book.count(open.held, batch, bytes);
    return this.#remember(batch, { writer, segment, ordinal }, this.#world.now());
  }

  #remember(batch: Batch, id: ReceiptId, atMs: Ms): Receipt {
    const { accepted, rejected, idempotency } = batch;
    const receipt: Receipt = { receipt: formatReceipt(id), accepted, rejected };
    if (idempotency !== undefined) {
      this.#keys.add(idempotency.key, { receipt, body: idempotency.body }, atMs);
    }
    return receipt;
  }

  async #setAside(held: HeldSegment): Promise<void> {
    this.#quarantinedSegments.push(await this.#store.setAside(held));
    for (const [tenant, events] of held.tenants) addTo(this.#quarantined, tenant, events);
  }

  #lend(held: HeldSegment): Lease {
    let lent = true;
    const giveUp = async (end: () => Promise<void>) => {
      if (!lent) return;
      lent = false;
      await end();
      this.#book.remove(held);
      this.#capacity.giveBack(held.requests, held.bytes);
    };
    return {
      writer: held.writer,
      segment: held.segment,
      source: held.source as NonNullable<HeldSegment['source']>,
      done: () => giveUp(() => this.#store.remove(held)),
      quarantine: () => giveUp(() => this.#setAside(held)),
      release: () => {
        if (lent) this.#book.released(held);
        lent = false;
      },
    };
  }

  #closedTo(): Refusal | undefined {
    if (this.#draining) return { refused: 'draining', detail: 'this server is stopping' };
    const { failed } = this.#rotation;
    return failed === undefined ? undefined : diskTrouble(new Error(failed));
  }

  #refuse(refusal: Refusal, bytes: number): Refusal {
    this.#capacity.giveBack(1, bytes);
    return refusal;
  }

  /** From what was announced to what it came to. */
  #resize(from: number, to: number): void {
    if (to > from) this.#capacity.force(0, to - from);
    else this.#capacity.giveBack(0, from - to);
  }
}

function diskTrouble({ message }: Error): Refusal {
  return { refused: 'disk_trouble', detail: message, retryAfterMs: 1_000 };
}

/** Room held for one request until it is used or given back. */
class HeldSlot implements Slot {
  readonly #spool: SegmentedSpool;
  #bytes: number;
  #used = false;

  constructor(spool: SegmentedSpool, bytes: number) {
    this.#spool = spool;
    this.#bytes = bytes;
  }

  grow(bytes: number): boolean {
    if (this.#used || !this.#spool.grow(bytes)) return false;
    this.#bytes += bytes;
    return true;
  }

  append(batch: Batch): Promise<Receipt | Refusal> {
    if (this.#used) throw new Error('a slot takes one batch');
    this.#used = true;
    return this.#spool.append(batch, this.#bytes);
  }

  release(): void {
    if (this.#used) return;
    this.#used = true;
    this.#spool.giveBack(this.#bytes);
  }
}
