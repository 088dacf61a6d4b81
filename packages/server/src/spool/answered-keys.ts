import type { RejectedEvent } from '@weir/core/wire/event';
import { formatReceipt } from '@weir/core/wire/receipt';
import type { Ms, World } from '@weir/core/world/world';
import { IdempotencyTable } from './idempotency-table.ts';
import type { Idempotency, Repeat } from './record.ts';
import type { RecoveredAnswer } from './recovered-keys.ts';
import type { HeldSegment } from './segment-book.ts';
import type { SegmentName } from './segment-store.ts';
import type { StoredKey } from './stored-keys.ts';

/** How long keys are known, and how many: whichever ends first. */
export interface KeyWindow {
  readonly windowMs: Ms;
  readonly maxKeys: number;
}

/** A batch with a key, and where it lies. */
export interface KeyedBatch {
  readonly idempotency: Idempotency;
  readonly ordinal: number;
  readonly accepted: number;
  readonly rejected: readonly RejectedEvent[];
}

const saltBytes = 16;

/** The keys answered within the window. Their ages are monotonic here, wall instants on disk. */
export class AnsweredKeys {
  readonly #window: KeyWindow;
  readonly #world: World;
  readonly #table: IdempotencyTable;

  constructor(window: KeyWindow, world: World) {
    this.#window = window;
    this.#world = world;
    this.#table = new IdempotencyTable({ ...window, salt: world.randomBytes(saltBytes) });
  }

  /** A batch with a key is safe in this segment, and arrived `ageMs` ago. */
  add(held: HeldSegment, { idempotency, ...answer }: KeyedBatch, ageMs: Ms): void {
    const nowMs = this.#world.now();
    const { ordinal, accepted, rejected } = answer;
    const { key, body } = idempotency;
    const kept = { key, body, ordinal, accepted, rejected, atMs: nowMs - ageMs };
    const number = this.#table.add(held.name, kept, nowMs);
    if (number === undefined) return;
    const { from, to, lastAtMs } = held.keys ?? { from: number, to: number, lastAtMs: kept.atMs };
    held.keys = {
      from: Math.min(from, number),
      to: Math.max(to, number + 1),
      lastAtMs: Math.max(lastAtMs, kept.atMs),
    };
  }

  /** What is known of a segment that is done. */
  remember(name: SegmentName, keys: readonly StoredKey[]): void {
    const nowMs = this.#world.now();
    for (const { arrivedAtMs, ...key } of keys) {
      this.#table.add(name, { ...key, atMs: nowMs - this.ageOf(arrivedAtMs) }, nowMs);
    }
  }

  /** How long ago a wall instant was; a clock that stepped back makes nothing younger than new. */
  ageOf(arrivedAtMs: Ms): Ms {
    return Math.max(0, this.#world.date() - arrivedAtMs);
  }

  repeat(key: Uint8Array): Repeat | undefined {
    return this.#table.get(key, this.#world.now());
  }

  /** The wall instant at which the last key of a segment is over; undefined where it has none. */
  keptUntilMs({ keys }: HeldSegment): Ms | undefined {
    if (keys === undefined) return undefined;
    const ageMs = this.#world.now() - keys.lastAtMs;
    return ageMs < this.#window.windowMs
      ? this.#world.date() - ageMs + this.#window.windowMs
      : undefined;
  }

  /** The keys of a segment that are still known, as they are kept on disk; each a view. */
  *keysOf(held: HeldSegment): Generator<StoredKey> {
    if (held.keys === undefined) return;
    const startMs = this.#world.date() - this.#world.now();
    for (const { atMs, ...key } of this.#table.keysOf(held, held.keys.from, held.keys.to)) {
      yield { ...key, arrivedAtMs: Math.round(startMs + atMs) };
    }
  }

  /** What the keys of a segment that are still known are answered; each is a view. */
  *answersOf({ name, keys }: Pick<HeldSegment, 'name' | 'keys'>): Generator<RecoveredAnswer> {
    if (keys === undefined) return;
    for (const kept of this.#table.keysOf(name, keys.from, keys.to)) {
      const { key, body, ordinal, accepted, rejected, atMs } = kept;
      const leftMs = this.#window.windowMs - (this.#world.now() - atMs);
      const receipt = { receipt: formatReceipt({ ...name, ordinal }), accepted, rejected };
      if (leftMs > 0) yield { idempotency: { key, body }, receipt, leftMs };
    }
  }

  /** How far back a repeat is noticed now: the whole window, unless there are too many keys. */
  reachMs(): Ms {
    const { windowMs, maxKeys } = this.#window;
    const { oldestAtMs, size } = this.#table;
    if (size < maxKeys || oldestAtMs === undefined) return windowMs;
    return Math.min(windowMs, this.#world.now() - oldestAtMs);
  }
}
