import type { Holding, SharedRoom } from '@weir/core/fair-share';
import { formatReceipt, type Receipt, type ReceiptId } from '@weir/core/wire/receipt';
import type { Refusal } from '@weir/core/wire/refusal';
import type { World } from '@weir/core/world/world';
import { AnsweredKeys, type KeyWindow } from './answered-keys.ts';
import { Capacity, type CapacityBounds } from './capacity.ts';
import { HeldSlot } from './held-slot.ts';
import { Lending } from './lending.ts';
import { type Batch, decodeRecord, encodeMeta, type Repeat } from './record.ts';
import type { RecoveredSegment } from './recover-segment.ts';
import { type RecoveredKeys, RecoveredSegments } from './recovered-keys.ts';
import { type HeaderTemplate, type OpenSegment, Rotation, type SealRules } from './rotation.ts';
import { addTo, countIn, heldSegment, SegmentBook } from './segment-book.ts';
import type { SegmentName, SegmentStore } from './segment-store.ts';
import type { Lease, Slot, Spool, SpoolStatus } from './spool.ts';
import { diskTrouble, draining } from './spool-refusals.ts';
import type { StoredKey } from './stored-keys.ts';

export interface SpoolOptions {
  readonly bounds: CapacityBounds;
  readonly rules: SealRules;
  readonly header: HeaderTemplate;
  readonly idempotency: KeyWindow;
}

export interface SegmentedSpoolDeps {
  readonly world: World;
  readonly store: SegmentStore;
  /** Tells a person of something that went wrong and did no harm yet. */
  readonly warn: (message: string) => void;
}

/** A spool of segments, wherever its store keeps them. */
export class SegmentedSpool implements Spool {
  readonly #deps: SegmentedSpoolDeps;
  readonly #book: SegmentBook;
  readonly #capacity: Capacity;
  readonly #rotation: Rotation;
  readonly #keys: AnsweredKeys;
  readonly #lending: Lending;
  readonly #recovered = new Map<string, number>();
  readonly #recoveredKeys = new RecoveredSegments();
  readonly #stops: (() => Promise<void>)[] = [];
  #isDraining = false;
  #closing: Promise<void> | undefined;

  constructor(options: SpoolOptions, deps: SegmentedSpoolDeps) {
    const { world, store, warn } = deps;
    this.#deps = deps;
    this.#book = new SegmentBook(world);
    this.#capacity = new Capacity(options.bounds, world);
    this.#keys = new AnsweredKeys(options.idempotency, world);
    const { rules, header } = options;
    const [book, capacity, keys] = [this.#book, this.#capacity, this.#keys];
    this.#lending = new Lending({ book, capacity, keys, store, warn });
    this.#rotation = new Rotation({ world, store, book, rules, header, warn });
  }

  /** Makes the first segment, so that the first request need not wait for it. */
  async start(): Promise<void> {
    await this.look();
    await this.#rotation.ready();
  }

  /** Looks how much of the disk is free. */
  async look(): Promise<void> {
    try {
      this.#capacity.foundFree(await this.#deps.store.freeBytes());
    } catch (error) {
      this.#deps.warn(`the spool could not ask for free space: ${(error as Error).message}`);
    }
  }

  /** Something that runs beside the spool, and how it is ended. */
  onClose(stop: () => Promise<void>): void {
    this.#stops.push(stop);
  }

  reserve(bytes: number): Slot | Refusal {
    const refusal = this.#closedTo() ?? this.#capacity.hold(bytes, this.#book.size);
    return refusal ?? new HeldSlot(this, bytes);
  }

  get room(): SharedRoom {
    return this.#capacity;
  }

  holding(tenant: string): Holding | undefined {
    return this.#book.holding(tenant);
  }

  grow(bytes: number): boolean {
    return this.#capacity.grow(bytes);
  }

  giveBack(bytes: number): void {
    this.#capacity.giveBack(1, bytes);
  }

  /** Adds a batch for which `reserved` bytes are held. */
  async append(batch: Batch, reserved: number): Promise<Receipt | Refusal> {
    let refusal = this.#closedTo();
    if (refusal !== undefined) return this.#refuse(refusal, reserved);
    const { world } = this.#deps;
    let arrivedAtMs = Math.floor(world.date());
    let open = this.#rotation.current(arrivedAtMs);
    while (open === undefined) {
      refusal = (await this.#rotation.ready()) ?? this.#closedTo();
      if (refusal !== undefined) return this.#refuse(refusal, reserved);
      arrivedAtMs = Math.floor(world.date());
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
      this.#rotation.settled(open, error as Error);
      return this.#refuse(diskTrouble((error as Error).message), bytes);
    }
    return this.#accept(batch, open, { ordinal, bytes });
  }

  /** Whether this segment is here, open, waiting or leased. */
  has(name: SegmentName): boolean {
    return this.#book.has(name);
  }

  /**
   * Takes in a segment of a writer that died. It may hold tens of thousands of batches, and requests
   * wait meanwhile: so `breathe` is awaited after every few hundred.
   */
  async adopt(segment: RecoveredSegment, breathe: () => Promise<void>): Promise<void> {
    const { isDamaged, path, records, placed } = segment;
    const held = heldSegment(segment);
    const nowMs = this.#deps.world.now();
    for (const [ordinal, record] of records.entries()) {
      if (ordinal % breathAfter === breathAfter - 1) await breathe();
      const { body, ...batch } = decodeRecord(record);
      const ageMs = this.#keys.ageOf(batch.arrivedAtMs);
      held.firstAtMs ??= nowMs - ageMs;
      countIn(held, batch, record.length);
      const { idempotency } = batch;
      if (idempotency === undefined || ordinal >= placed) continue; // behind damage no place is known
      this.#keys.add(held, { ...batch, idempotency, ordinal }, ageMs);
    }
    const { name, keys } = held;
    const answers = () => this.#keys.answersOf({ name, keys });
    if (keys !== undefined) this.#recoveredKeys.add({ writer: name.writer, answers });
    if (isDamaged) await this.#lending.setAside(held);
    for (const [tenant, { events }] of held.tenants) addTo(this.#recovered, tenant, events);
    if (isDamaged) return;
    this.#capacity.force(held.requests, held.bytes);
    this.#book.add(held);
    this.#book.sealed(held, { path });
  }

  /** Keys of segments that are done, from the time before this start. */
  remember(name: SegmentName, keys: readonly StoredKey[]): void {
    this.#keys.remember(name, keys);
  }

  /** Segments that were set aside before. */
  foundQuarantined(paths: readonly string[]): void {
    this.#lending.quarantinedSegments.push(...paths);
  }

  lease(signal: AbortSignal): Promise<Lease | undefined> {
    return this.#lending.lease(signal);
  }

  ownerOf(receipt: ReceiptId): string | undefined {
    return this.#book.ownerOf(receipt);
  }

  sealSoon(): void {
    this.#rotation.sealSoon();
  }

  repeat(key: Uint8Array): Repeat | undefined {
    return this.#keys.repeat(key);
  }

  onRecovered(tell: (keys: RecoveredKeys) => void): void {
    this.#recoveredKeys.tellTo(tell);
  }

  get writer(): string {
    return this.#deps.store.writer;
  }

  status(): SpoolStatus {
    return {
      ...this.#book.status(),
      recovered: this.#recovered,
      quarantined: this.#lending.quarantined,
      quarantinedSegments: this.#lending.quarantinedSegments,
      idempotencyWindowMs: this.#keys.reachMs(),
      failed: this.#rotation.failed,
    };
  }

  async seal(): Promise<void> {
    this.#isDraining = true;
    this.#rotation.seal();
    await this.#rotation.quiet();
    await this.#rotation.dropSpare();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#isDraining = true;
    this.#lending.close();
    await Promise.all(this.#stops.map((stop) => stop()));
    try {
      await this.#rotation.close();
    } finally {
      await this.#deps.store.close();
    }
  }

  #accept(batch: Batch, open: OpenSegment, placed: { ordinal: number; bytes: number }): Receipt {
    const { accepted, rejected, idempotency } = batch;
    const { writer, segment } = open.held;
    const { ordinal, bytes } = placed;
    this.#book.count(open.held, batch, bytes);
    if (idempotency !== undefined) {
      this.#keys.add(open.held, { idempotency, ordinal, accepted, rejected }, 0);
    }
    this.#rotation.settled(open);
    return { receipt: formatReceipt({ writer, segment, ordinal }), accepted, rejected };
  }

  #closedTo(): Refusal | undefined {
    if (this.#isDraining) return draining;
    const { failed } = this.#rotation;
    return failed === undefined ? undefined : diskTrouble(failed);
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

/** Batches of a segment taken in at a stretch: about a millisecond. */
const breathAfter = 256;
