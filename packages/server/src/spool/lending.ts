import type { AnsweredKeys } from './answered-keys.ts';
import type { Capacity } from './capacity.ts';
import { addTo, type HeldSegment, type SegmentBook } from './segment-book.ts';
import type { SegmentSource, SegmentStore } from './segment-store.ts';
import type { Lease } from './spool.ts';

export interface LendingDeps {
  readonly book: SegmentBook;
  readonly capacity: Capacity;
  readonly keys: AnsweredKeys;
  readonly store: SegmentStore;
  readonly warn: (message: string) => void;
}

/** What becomes of sealed segments: lent to workers until they are done, or set aside. */
export class Lending {
  readonly #deps: LendingDeps;
  /** Events by tenant in segments set aside by this process. */
  readonly quarantined: Map<string, number> = new Map();
  /** Where the segments lie that were set aside, lately or before. */
  readonly quarantinedSegments: string[] = [];
  #isClosed = false;

  constructor(deps: LendingDeps) {
    this.#deps = deps;
  }

  async lease(signal: AbortSignal): Promise<Lease | undefined> {
    const held = await this.#deps.book.next(signal);
    return held?.source === undefined ? undefined : this.#lend(held, held.source);
  }

  /** Sets a damaged segment aside; it is in no book any more, or never was. */
  async setAside(held: HeldSegment): Promise<void> {
    const { store, warn } = this.#deps;
    await this.#keepKeys(held);
    const path = await store.setAside(held);
    warn(`segment ${nameOf(held)} is damaged and was set aside: ${path}`);
    this.quarantinedSegments.push(path);
    for (const [tenant, { events }] of held.tenants) addTo(this.quarantined, tenant, events);
  }

  /** Ends every wait. What is on loan is nobody's business any more. */
  close(): void {
    this.#isClosed = true;
    this.#deps.book.close();
  }

  #lend(held: HeldSegment, source: SegmentSource): Lease {
    const { writer, segment } = held;
    let isLent = true;
    const end = async (act: () => Promise<void>) => {
      if (!isLent) return;
      isLent = false;
      if (!this.#isClosed) await act(); // afterwards the files may be another's
    };
    return {
      writer,
      segment,
      source,
      done: () => end(() => this.#done(held)),
      quarantine: () => end(() => this.#quarantine(held)),
      release: () => {
        if (isLent) this.#deps.book.released(held);
        isLent = false;
      },
    };
  }

  /** What cannot be written or removed is found again after a restart, and delivered once more. */
  async #done(held: HeldSegment): Promise<void> {
    const { book, capacity, store, warn } = this.#deps;
    try {
      await this.#keepKeys(held);
      await store.remove(held);
    } catch (error) {
      warn(`the spool could not remove segment ${nameOf(held)}: ${(error as Error).message}`);
    }
    book.remove(held);
    capacity.drained(held.requests, held.bytes);
  }

  async #quarantine(held: HeldSegment): Promise<void> {
    const { book, capacity } = this.#deps;
    try {
      await this.setAside(held);
    } catch (error) {
      book.released(held);
      throw error;
    }
    book.remove(held);
    capacity.giveBack(held.requests, held.bytes);
  }

  async #keepKeys(held: HeldSegment): Promise<void> {
    const { keys, store } = this.#deps;
    const untilMs = keys.keptUntilMs(held);
    if (untilMs !== undefined) await store.keepKeys(held, keys.keysOf(held), untilMs);
  }
}

function nameOf({ writer, segment }: HeldSegment): string {
  return `${writer}-${segment}`;
}
