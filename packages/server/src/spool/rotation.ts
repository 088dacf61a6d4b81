import { Batcher } from '@weir/core/batcher';
import type { Refusal } from '@weir/core/wire/refusal';
import type { Ms, World } from '@weir/core/world/world';
import { type HeldSegment, heldSegment, type SegmentBook } from './segment-book.ts';
import type { SegmentHeader } from './segment-header.ts';
import type { SegmentFile, SegmentStore } from './segment-store.ts';
import { diskTrouble } from './spool-refusals.ts';

/** When a segment is sealed, unless the wall hour ends first. */
export interface SealRules {
  readonly bytes: number;
  readonly events: number;
  /** Since its first batch. */
  readonly ageMs: Ms;
}

/** What a new segment's header says beside its name, its hour and its seal size. */
export type HeaderTemplate = Pick<
  SegmentHeader,
  'template' | 'codec' | 'level' | 'maxObjects' | 'ownObjectBytes'
>;

export interface RotationDeps {
  readonly world: World;
  readonly store: SegmentStore;
  readonly book: SegmentBook;
  readonly rules: SealRules;
  readonly header: HeaderTemplate;
  /** Tells a person that the disk failed, once for each segment. */
  readonly warn: (message: string) => void;
}

/** The segment that batches go to. */
export interface OpenSegment {
  readonly file: SegmentFile;
  readonly hourMs: Ms;
  readonly held: HeldSegment;
  /** Batches given a place in it, safe or not yet. */
  placed: number;
  /** Those of them of which it is not known yet whether they are safe. */
  pending: number;
  onSettled: () => void;
  events: number;
  /** A commit of it failed. */
  isBroken: boolean;
}

/** A segment that was made ahead. */
interface Spare {
  readonly file: SegmentFile;
  readonly hourMs: Ms;
  readonly segment: number;
}

const hourLengthMs = 3_600_000;
const sealSoonMs = 250;
/** After a segment could not be made, nothing is tried for this long. */
const troubleMs = 1_000;
const nothing = () => {};

/** Ends segments when their time has come and has the next one ready, so that nobody waits for it. */
export class Rotation {
  readonly #deps: RotationDeps;
  readonly #batcher: Batcher;
  readonly #sealing = new Set<Promise<void>>();
  #open: OpenSegment | undefined;
  #spare: Spare | undefined;
  #making: Promise<Refusal | undefined> | undefined;
  #nextSegment = 1;
  #trouble: { readonly untilMs: Ms; readonly refusal: Refusal } | undefined;
  #timer: { readonly atMs: Ms; readonly cancel: () => void } | undefined;
  #failed: string | undefined;

  constructor(deps: RotationDeps) {
    this.#deps = deps;
    const { bytes, events, ageMs } = deps.rules;
    this.#batcher = new Batcher({ maxCount: events, maxBytes: bytes, maxAgeMs: ageMs });
  }

  /** Why nothing more is taken until a restart. */
  get failed(): string | undefined {
    return this.#failed;
  }

  /** The segment for a batch of this wall instant; undefined where `ready` must be awaited first. */
  current(arrivedAtMs: Ms): OpenSegment | undefined {
    const hourMs = hourOf(arrivedAtMs);
    if (this.#open?.hourMs === hourMs) return this.#open;
    this.seal();
    if (this.#spare?.hourMs !== hourMs) return undefined;
    const { file, segment } = this.#spare;
    this.#spare = undefined;
    const held = heldSegment({ writer: this.#deps.store.writer, segment });
    this.#deps.book.add(held);
    const none = { placed: 0, pending: 0, events: 0, isBroken: false };
    this.#open = { file, hourMs, held, onSettled: nothing, ...none };
    void this.ready();
    return this.#open;
  }

  /** Sees to it that a segment of this hour waits to be used; a refusal where the disk will not. */
  ready(): Promise<Refusal | undefined> {
    const trouble = this.#trouble;
    if (trouble !== undefined && this.#deps.world.now() < trouble.untilMs) {
      return Promise.resolve(trouble.refusal);
    }
    this.#making ??= this.#makeSpare().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  /** A batch was given its place in the open segment: seals it where that fills it. */
  placed(open: OpenSegment, events: number, bytes: number): void {
    const nowMs = this.#deps.world.now();
    open.placed += 1;
    open.pending += 1;
    open.events += events;
    open.held.firstAtMs ??= nowMs;
    this.#batcher.add(bytes, nowMs);
    if (open.events >= this.#deps.rules.events) this.seal();
    else this.#sealWhenReady();
  }

  /** A batch is safe and counted, or lost for this reason: then nothing more of the segment is kept. */
  settled(open: OpenSegment, loss?: Error): void {
    open.pending -= 1;
    if (open.pending === 0) open.onSettled();
    if (loss === undefined) return;
    if (!open.isBroken)
      this.#deps.warn(`segment ${open.held.segment} ended early: ${loss.message}`);
    open.isBroken = true;
    if (this.#open === open) this.seal();
  }

  /** Brings the seal forward to 250 ms from now, at most once a second. */
  sealSoon(): void {
    this.#batcher.bringForward(sealSoonMs, this.#deps.world.now());
    this.#sealWhenReady();
  }

  /** Ends the open segment, if there is one, in the background. */
  seal(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    this.#batcher.taken();
    this.#stopTimer();
    const sealing = this.#end(open).finally(() => this.#sealing.delete(sealing));
    this.#sealing.add(sealing);
  }

  /** Resolves when all that was begun is at its end: segments sealed, the spare one made. */
  async quiet(): Promise<void> {
    await this.#making;
    await Promise.all(this.#sealing);
  }

  /** Removes the segment that was made ahead and never used. One that stays is found empty later. */
  async dropSpare(): Promise<void> {
    const spare = this.#spare;
    if (spare === undefined) return;
    this.#spare = undefined;
    const { store, warn } = this.#deps;
    const { segment } = spare;
    try {
      await spare.file.close();
      await store.remove({ writer: store.writer, segment });
    } catch (error) {
      warn(`the spool could not remove segment ${segment}, which is empty: ${messageOf(error)}`);
    }
  }

  /** Lets go of the open segment, as it is. */
  async close(): Promise<void> {
    this.#stopTimer();
    await this.quiet();
    await this.dropSpare();
    await this.#open?.file.close();
  }

  #sealWhenReady(): void {
    const { world } = this.#deps;
    const readyAtMs = this.#batcher.readyAtMs();
    const nowMs = world.now();
    if (readyAtMs <= nowMs) {
      this.seal();
      return;
    }
    if (readyAtMs === Infinity || this.#timer?.atMs === readyAtMs) return;
    this.#stopTimer();
    const cancel = world.after(readyAtMs - nowMs, () => {
      this.#timer = undefined;
      this.#sealWhenReady();
    });
    this.#timer = { atMs: readyAtMs, cancel };
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #end(open: OpenSegment): Promise<void> {
    try {
      const source = await open.file.seal();
      if (open.pending > 0) {
        await new Promise<void>((resolve) => {
          open.onSettled = resolve;
        });
      }
      this.#deps.book.sealed(open.held, source);
    } catch (error) {
      this.#failed = `segment ${open.held.segment} could not be cut: ${messageOf(error)}`;
      this.#deps.warn(`the spool takes nothing until it is restarted: ${this.#failed}`);
    }
  }

  async #makeSpare(): Promise<Refusal | undefined> {
    const { store, world } = this.#deps;
    const hourMs = hourOf(world.date());
    const old = this.#spare;
    if (old?.hourMs === hourMs) return undefined;
    this.#spare = undefined;
    this.#nextSegment = old?.segment ?? this.#nextSegment;
    const segment = this.#nextSegment;
    try {
      await old?.file.close();
      const file = await store.create(segment, this.#headerOf(segment, hourMs));
      this.#spare = { file, hourMs, segment };
      this.#nextSegment = segment + 1;
      this.#trouble = undefined;
      return undefined;
    } catch (error) {
      const refusal = diskTrouble(`the spool could not begin a segment: ${messageOf(error)}`);
      this.#deps.warn(refusal.detail);
      this.#trouble = { untilMs: world.now() + troubleMs, refusal };
      return refusal;
    }
  }

  #headerOf(segment: number, hourMs: Ms): SegmentHeader {
    const { world, store, rules, header } = this.#deps;
    return {
      version: 1,
      writer: store.writer,
      segment,
      hourMs,
      ...header,
      sealBytes: rules.bytes,
      idSeed: Buffer.from(world.randomBytes(10)).toString('hex'),
    };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function hourOf(wallMs: Ms): Ms {
  return wallMs - (wallMs % hourLengthMs);
}
