import type { World } from '@weir/core/world/world';
import { type Batch, newBatch } from './batch.ts';
import type { Emitter } from './client-events.ts';
import type { Item, Waiter } from './item.ts';
import type { Ledger } from './ledger.ts';
import type { Queue } from './queue.ts';
import type { EventSpool, RecoveredBatch } from './spool/event-spool.ts';
import { PlaceSet, rangesOf } from './spool/place-set.ts';
import type { SpooledEvent } from './spool/spool-records.ts';
import type { Tally } from './tally.ts';
import { textOf } from './text-pages.ts';
import { utf8Length } from './utf8.ts';
import { WeirError } from './weir-error.ts';

export interface BacklogDeps {
  readonly world: World;
  readonly queue: Queue;
  readonly emitter: Emitter;
  readonly ledger: () => Ledger;
  /** Counts what comes from now on. */
  readonly tally: () => Tally;
  /** An event is in memory and in the queue. */
  readonly queued: () => void;
  /** A batch of an earlier process: it goes out as it was closed. */
  readonly resume: (batch: Batch) => void;
  /** The disk is less behind than it was. */
  readonly written: () => void;
  /** An event could not be written and is not to be sent either. */
  readonly lost: (item: Item, error: WeirError) => void;
}

const retryMs = 1_000;
const tellEveryMs = 100;

/**
 * What is on disk and not in memory: events that came while memory was full, and those of an earlier
 * process. They come back in order, as soon as there is room.
 */
export class Backlog {
  /** What lies below. */
  readonly spool: EventSpool;
  readonly #deps: BacklogDeps;
  /** Events on disk alone. */
  #cold = 0;
  #cursor = 0;
  #page: SpooledEvent[] = [];
  #batches: RecoveredBatch[] = [];
  readonly #claimed = new PlaceSet();
  readonly #waiters = new Map<number, Waiter>();
  /** From which place on events belong to which tally. */
  #marks: { readonly from: number; readonly tally: Tally }[] = [];
  #isReading = false;
  #isEnded = false;
  #durable = 0;
  #isTelling = false;

  constructor(spool: EventSpool, deps: BacklogDeps) {
    this.spool = spool;
    this.#deps = deps;
    const { events, batches, damaged } = spool.recovered;
    deps.ledger().recovered += events;
    for (const path of damaged) {
      const error = new WeirError('spool', `${path} is damaged: a copy was kept for you`);
      deps.emitter.emit('error', { error });
    }
    this.#cold = events;
    this.#batches = [...batches];
    for (const { places } of batches)
      for (const range of rangesOf(places)) this.#claimed.add(range);
    this.#mark(0);
    deps.tally().outstanding += events;
  }

  get cold(): number {
    return this.#cold;
  }

  /** Events of this client that are safe on this disk, or over. */
  get durable(): number {
    return this.#durable;
  }

  /** Takes an event for which there is room; `isHeld`: in memory as well. */
  add(item: Item, isHeld: boolean): void {
    this.#append(item, isHeld);
  }

  /** Brings back as much as there is room for. */
  refill(): void {
    if (this.#isReading || this.#isEnded || this.#cold === 0) return;
    this.#isReading = true;
    this.#refill()
      .catch((cause) => {
        const detail = `the spool cannot be read: ${cause instanceof Error ? cause.message : cause}`;
        this.#deps.emitter.emit('error', { error: new WeirError('spool', detail, { cause }) });
        this.#deps.world.after(retryMs, () => this.refill());
      })
      .finally(() => {
        this.#isReading = false;
      });
  }

  /** Lets go of the disk; whatever is not over stays there. */
  async end(error: WeirError): Promise<void> {
    this.#isEnded = true;
    for (const waiter of this.#waiters.values()) waiter.failed(error);
    this.#waiters.clear();
    await this.spool.end();
  }

  /** `isHeld`: it has room in memory already. */
  #append(item: Item, isHeld: boolean): void {
    const { orderingKey } = item;
    const { place, durable } = this.spool.append({ text: textOf(item), orderingKey });
    item.place = place;
    durable.then(
      () => this.#wasWritten(item),
      (error: WeirError) => this.#wasLost(item, error),
    );
    // Once one is on disk alone, those behind it go the same way, so that none is overtaken.
    const isInMemory = this.#cold === 0 && (isHeld || this.#deps.queue.hold(item.bytes));
    if (isInMemory) {
      this.#deps.queue.push(item);
      this.#deps.queued();
      return;
    }
    if (isHeld) this.#deps.queue.giveBack(item);
    this.#deps.queue.pages.letGo(item);
    item.isGone = true; // from memory: what is read back is another
    if (this.#cold === 0) this.#cursor = place;
    this.#cold += 1;
    if (this.#marks.at(-1)?.tally !== item.tally) this.#mark(place);
    if (item.waiter !== undefined) this.#waiters.set(place, item.waiter);
  }

  #mark(from: number): void {
    this.#marks.push({ from, tally: this.#deps.tally() });
  }

  #wasWritten(item: Item): void {
    this.#durable += 1;
    item.spooled?.resolve();
    this.#deps.written();
    if (this.#isTelling) return;
    this.#isTelling = true;
    this.#deps.world.after(tellEveryMs, () => {
      this.#isTelling = false;
      this.#deps.emitter.emit('durable', { events: this.#durable });
    });
  }

  /** It stays where it is in memory and is sent all the same; on disk alone there is nothing of it. */
  #wasLost(item: Item, error: WeirError): void {
    item.spooled?.reject(error);
    this.#deps.emitter.emit('error', { error });
    const isCold =
      this.#waiters.delete(item.place) || (this.#cold > 0 && item.place >= this.#cursor);
    if (!isCold) return;
    this.#cold -= 1;
    this.#deps.lost(item, error);
  }

  async #refill(): Promise<void> {
    const { spool } = this;
    while (!this.#isEnded && this.#batches.length > 0) {
      if (!(await this.#resumeNext(spool))) return;
    }
    while (!this.#isEnded && this.#cold > 0) {
      if (this.#page.length === 0) await this.#turnPage(spool);
      if (this.#page.length === 0 || !this.#takePage(spool)) return;
    }
  }

  async #turnPage(spool: EventSpool): Promise<void> {
    const { events, next } = await spool.read(this.#cursor);
    const isFree = ({ place }: SpooledEvent): boolean => !this.#claimed.has(place);
    this.#page = events.filter(isFree);
    if (this.#page.length > 0) return;
    if (next <= this.#cursor || next >= spool.nextPlace) this.#cold = 0;
    this.#cursor = next;
    if (this.#cold > 0) await this.#turnPage(spool);
  }

  /** False where memory is full again. */
  #takePage(spool: EventSpool): boolean {
    for (const [i, event] of this.#page.entries()) {
      if (!spool.isLive(event.place)) continue;
      const bytes = utf8Length(event.text);
      if (!this.#deps.queue.hold(bytes)) {
        this.#page = this.#page.slice(i);
        this.#deps.queued();
        return false;
      }
      this.#deps.queue.push(this.#itemOf(event, bytes));
      this.#cold -= 1;
      this.#cursor = event.place + 1;
    }
    this.#page = [];
    this.#deps.queued();
    return true;
  }

  /** The next batch of an earlier process; false where there is no room for it yet. */
  async #resumeNext(spool: EventSpool): Promise<boolean> {
    const [recovered] = this.#batches as [RecoveredBatch];
    const events = await eventsOf(spool, recovered);
    const bytes = events.map((event) => (event === undefined ? 0 : utf8Length(event.text)));
    const held: number[] = [];
    for (const [i, event] of events.entries()) {
      if (event === undefined) continue;
      if (!this.#deps.queue.hold(bytes[i] as number)) {
        for (const one of held) this.#deps.queue.giveBack({ bytes: one });
        return false;
      }
      held.push(bytes[i] as number);
    }
    const items = events.map((event, i) =>
      event === undefined ? this.#gone() : this.#itemOf(event, bytes[i] as number),
    );
    this.#batches.shift();
    this.#cold -= held.length;
    const batch = newBatch(recovered.key, items, spool.recovered.splits);
    batch.ambiguousSince = recovered.closedAtMs; // whether it was sent is not known
    this.#deps.resume(batch);
    return true;
  }

  #itemOf({ text, place, orderingKey }: SpooledEvent, bytes: number): Item {
    const waiter = this.#waiters.get(place);
    this.#waiters.delete(place);
    const mark = this.#marks.findLast(({ from }) => from <= place);
    const tally = mark?.tally ?? this.#deps.tally();
    const queuedMs = this.#deps.world.now();
    const { pages } = this.#deps.queue;
    const at = pages.keep(text, bytes);
    const { page } = pages;
    const rest = { traceparent: undefined, spooled: undefined, isGone: false, isCut: false };
    return { page, at, bytes, orderingKey, place, tally, queuedMs, waiter, ...rest };
  }

  /** Keeps the place of an event that is over, so that halves are cut where they were cut before. */
  #gone(): Item {
    const gone = this.#itemOf({ text: '', place: 0, orderingKey: undefined }, 0);
    this.#deps.queue.pages.letGo(gone);
    return { ...gone, isGone: true };
  }
}

/** undefined for those that are over. */
async function eventsOf(
  spool: EventSpool,
  { places }: RecoveredBatch,
): Promise<(SpooledEvent | undefined)[]> {
  const found = new Map<number, SpooledEvent>();
  const last = places.at(-1) ?? 0;
  for (let from = places[0] ?? 0; from <= last; ) {
    const { events, next } = await spool.read(from);
    for (const event of events) found.set(event.place, event);
    if (next <= from) break;
    from = next;
  }
  return places.map((place) => found.get(place));
}
