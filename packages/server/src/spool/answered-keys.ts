import type { RejectedEvent } from '@weir/core/wire/event';
import type { Ms, World } from '@weir/core/world/world';
import { IdempotencyTable } from './idempotency-table.ts';
import type { Idempotency, Repeat } from './record.ts';
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
    const { from, to } = held.keys ?? { from: number, to: number };
    held.keys = { from: Math.min(from, number), to: Math.max(to, number + 1) };
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

  /** The keys of a segment that are still within the window, as they are kept on disk. */
  keysOf(held: HeldSegment): { readonly keys: readonly StoredKey[]; readonly untilMs: Ms } {
    const nowMs = this.#world.now();
    const date = this.#world.date();
    const { windowMs } = this.#window;
    const { from, to } = held.keys ?? { from: 0, to: 0 };
    const keys: StoredKey[] = [];
    let untilMs = 0;
    for (const { atMs, ...key } of this.#table.keysOf(held, from, to)) {
      if (nowMs - atMs >= windowMs) continue;
      const arrivedAtMs = Math.round(date - (nowMs - atMs));
      keys.push({ ...key, arrivedAtMs });
      untilMs = Math.max(untilMs, arrivedAtMs + windowMs);
    }
    return { keys, untilMs };
  }

  /** How far back a repeat is noticed now: the whole window, unless there are too many keys. */
  reachMs(): Ms {
    const { windowMs, maxKeys } = this.#window;
    const { oldestAtMs, size } = this.#table;
    if (size < maxKeys || oldestAtMs === undefined) return windowMs;
    return Math.min(windowMs, this.#world.now() - oldestAtMs);
  }
}
