import type { Ms } from '@weir/core/world/world';
import type { Answer, Failed } from './attempt.ts';
import { type Batch, newBatch } from './batch.ts';
import { Books } from './books.ts';
import type { Emitter } from './client-events.ts';
import { DiskSide, type OpenBacklog } from './disk-side.ts';
import type { Gate } from './gate.ts';
import type { Item } from './item.ts';
import type { KeepAlive } from './keep-alive.ts';
import type { DropReason, Ledger, Stats } from './ledger.ts';
import type { ResolvedOptions } from './options.ts';
import { Queue } from './queue.ts';
import type { ReceiptDeps } from './receipts.ts';
import { RoomLine } from './room-line.ts';
import { deliver, type Outcomes, type SendDeps, type SendEvents } from './send.ts';
import { Tallies, type Tally } from './tally.ts';
import { uuidMaker } from './uuid-v7.ts';
import { WeirError } from './weir-error.ts';

const windowMs: Ms = 600_000; // for so long a server knows a repeat

export interface OutboxDeps extends ReceiptDeps {
  readonly gate: Gate;
  readonly emitter: Emitter;
  readonly keepAlive: KeepAlive;
  readonly options: ResolvedOptions;
  /** undefined where there is none. */
  readonly openBacklog: OpenBacklog | undefined;
  readonly send: Omit<SendDeps, 'outcomes' | 'events' | 'gate'>;
}

/** Where an event has room: in memory, or on disk, from where it may get into memory. */
export type Hold = 'memory' | 'disk';

/** All events on their way: the queue and what is in flight. */
export class Outbox implements SendEvents {
  readonly queue: Queue;
  readonly line: RoomLine;
  readonly #disk: DiskSide;
  readonly #resumed: Batch[] = [];
  readonly #books: Books;
  readonly #deps: OutboxDeps;
  readonly #makeKey: () => string;
  readonly #abort = new AbortController();
  readonly #tallies = new Tallies();
  #active = 0;
  #isEnded = false;
  #isPlain = false;
  readonly #deliveries = new Set<Promise<void>>();
  #cancelTimer: (() => void) | undefined;
  #release: (() => void) | undefined;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
    this.queue = new Queue(deps.options);
    this.line = new RoomLine((bytes) => this.hold(bytes));
    this.#makeKey = uuidMaker(deps.world);
    this.#books = new Books({
      queue: this.queue,
      emitter: deps.emitter,
      receipts: deps,
      left: (items) => {
        this.#disk.done(items);
        this.#left();
      },
      poisoned: (items, error) => this.#disk.poison(items, error),
    });
    this.#disk = new DiskSide({
      open: deps.openBacklog,
      world: deps.world,
      queue: this.queue,
      emitter: deps.emitter,
      signal: this.#abort.signal,
      books: () => this.#books,
      tally: () => this.#tallies.current,
      queued: () => this.#queued(),
      resume: (batch) => {
        for (const item of batch.items) item.isCut = true;
        this.#resumed.push(batch);
        this.#pump();
      },
      written: () => this.line.admit(),
    });
  }

  get ledger(): Ledger {
    return this.#books.ledger;
  }

  /** Counts what comes from now on. */
  get tally(): Tally {
    return this.#tallies.current;
  }

  /** What is left when the time is over lies safe on this disk. */
  get isSpooled(): boolean {
    return this.#disk.isOpen;
  }

  /** Why nobody should wait for an answer now: the key was refused a moment ago. */
  get refusal(): WeirError | undefined {
    const retryAfterMs = this.#deps.gate.heldForMs() ?? 0;
    if (retryAfterMs === 0 || this.isSpooled) return undefined;
    return new WeirError('unauthorized', 'the server refused the key a moment ago', {
      retryAfterMs,
    });
  }

  /** Lets one event in, which `add` must be given next, and says where; undefined: no room. */
  hold(bytes: number): Hold | undefined {
    const onDisk = this.#disk.takes(bytes);
    if (onDisk !== undefined) return onDisk ? 'disk' : undefined;
    return this.queue.hold(bytes) ? 'memory' : undefined;
  }

  /** Puts an event at the end, which `hold` let in. */
  add(item: Item, hold: Hold): void {
    this.#tallies.current.outstanding += 1;
    this.#release ??= this.#busy();
    if (this.#disk.take(item, hold === 'memory')) return;
    this.queue.push(item);
    this.#queued();
  }

  /** Sends what is there without waiting for more; returns what counts its outcomes. */
  hurry(): readonly Tally[] {
    const counted = this.#tallies.next();
    this.#pump();
    return counted;
  }

  /** Ends an event that waits, if it still does; false where it is in flight or done. */
  dropWaiting(item: Item, reason: DropReason, error: WeirError): boolean {
    if (item.isGone || item.isCut) return false;
    this.queue.forget(item);
    this.#books.drop([item], reason, error);
    return true;
  }

  /** Gives up on everything that is left, or leaves it on disk. */
  async end(): Promise<void> {
    const isKept = this.isSpooled;
    const where = isKept ? 'it stays in the spool' : 'it is lost';
    const error = new WeirError(
      'closed',
      `the client was closed before it was delivered: ${where}`,
    );
    const waiting = [...this.queue.waiting()];
    if (isKept) this.#disk.keep(waiting, error);
    else for (const item of waiting) this.dropWaiting(item, 'closed', error);
    this.#abort.abort(error);
    this.#cancelTimer?.();
    this.line.close();
    await Promise.allSettled(this.#deliveries);
    for (const batch of this.#resumed) this.#disk.keep(batch.items, error);
    await this.#disk.end(error);
    this.#isEnded = true;
    this.#left();
  }

  stats(): Stats {
    return this.ledger.stats(this.queue.held, this.#disk.spooled, this.#disk.durable);
  }

  attempting(batch: Batch): void {
    this.ledger.requests += 1;
    if (batch.attempts > 1) this.ledger.retries += 1;
    const { ambiguousSince, isCountedTwice } = batch;
    const isLate = this.#deps.world.date() - (ambiguousSince ?? Infinity) > windowMs;
    if (isLate && !isCountedTwice) {
      batch.isCountedTwice = true;
      this.ledger.maybeDuplicate += batch.items.length;
    }
    this.#pump();
  }

  failed(batch: Batch, { code, detail, reaction, news }: Answer & Failed): void {
    if (reaction.clock === 'pace') this.ledger.rateLimited += 1;
    if (reaction.next === 'plain') this.#isPlain = true; // asked once, for all batches to come
    if (reaction.next !== 'again') return;
    const { retryAfterMs } = news;
    const { key: requestId, attempts } = batch;
    const events = batch.items.length;
    const retry = { requestId, code, detail, attempts, events, retryAfterMs };
    this.#deps.emitter.emit('retry', retry);
  }

  /** Who waits for an answer gets one; what nobody waits for is kept until a person has helped. */
  held(batch: Batch, error: WeirError): Batch | undefined {
    this.#deps.emitter.emit('error', { error });
    // Unchanged where its outcome is unknown, or it is on disk: then it waits.
    if (batch.ambiguousSince !== undefined || this.isSpooled) return batch;
    const isAwaited = (item: Item): boolean => item.waiter !== undefined;
    this.#books.drop(batch.items.filter(isAwaited), 'unauthorized', error);
    for (const item of [...this.queue.waiting()].filter(isAwaited)) {
      this.dropWaiting(item, 'unauthorized', error);
    }
    const kept = batch.items.filter(({ isGone }) => !isGone);
    if (kept.length === 0) return undefined;
    return { ...newBatch(batch.key, kept), attempts: batch.attempts };
  }

  async split({ key, items, ambiguousSince }: Batch): Promise<void> {
    // An earlier try may have been taken whole, after all.
    if (ambiguousSince !== undefined) this.ledger.maybeDuplicate += items.length;
    await this.#disk.split(key);
  }

  /** Closing leaves on disk what is there. */
  givenUp(batch: Batch, error: WeirError): void {
    if (error.code === 'closed' && this.isSpooled) this.#disk.keep(batch.items, error);
    else this.#books.givenUp(batch, error);
  }

  #pumpIn(delayMs: Ms): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#deps.world.after(delayMs, () => {
      this.#cancelTimer = undefined;
      this.#pump();
    });
  }

  /** Begins deliveries while there is something to send and nothing to wait for. */
  #pump(): void {
    const { maxConcurrency } = this.#deps.options;
    while (this.#active < maxConcurrency && this.#resumed.length > 0) {
      this.#begin(this.#resumed.shift() as Batch, true);
    }
    while (this.#active < maxConcurrency && this.#isReady()) {
      const items = this.queue.cut();
      if (items.length === 0) return;
      for (const item of items) item.isCut = true;
      this.#begin(newBatch(this.#makeKey(), items));
    }
  }

  /** A batch that is not full waits for others, and for those that wait for the pace already. */
  #isReady(): boolean {
    const { first, isFullBatch } = this.queue;
    if (first === undefined) return false;
    if (isFullBatch) return true;
    if (this.#deps.gate.waiting > 0) return false; // looked at again when that one goes
    if (this.#tallies.isAwaited(first.tally)) return true;
    const dueMs = first.queuedMs + this.#deps.options.lingerMs - this.#deps.world.now();
    if (dueMs > 0) this.#pumpIn(dueMs);
    return dueMs <= 0;
  }

  #begin(batch: Batch, isClosed = false): void {
    this.#active += 1;
    batch.isPlain = this.#isPlain;
    const { gate } = this.#deps;
    const outcomes: Outcomes = {
      taken: (part, answer, origin) => this.#books.taken(part, answer, origin),
      refused: (part, answer, error) => this.#books.refused(part, answer, error),
      givenUp: (part, error) => this.givenUp(part, error),
    };
    const deps: SendDeps = { ...this.#deps.send, gate, outcomes, events: this };
    const send = (): Promise<void> => deliver(batch, deps, this.#abort.signal);
    const isFixed = isClosed || !this.isSpooled;
    const delivery = isFixed ? send() : this.#disk.close(batch).then(send);
    this.#deliveries.add(delivery);
    void delivery.then(() => {
      this.#deliveries.delete(delivery);
      this.#active -= 1;
      this.queue.landed(batch.items);
      this.#pump();
    });
  }

  #queued(): void {
    if (this.queue.isFullBatch) this.#pump();
    else if (this.#cancelTimer === undefined) this.#pumpIn(this.#deps.options.lingerMs);
  }

  /** Something is under way: the process stays, and a host that freezes is told; returns the end. */
  #busy(): () => void {
    const release = this.#deps.keepAlive.hold();
    const { waitUntil } = this.#deps.options;
    if (waitUntil === undefined) return release;
    const { promise, resolve } = Promise.withResolvers<void>();
    waitUntil(promise);
    return () => {
      release();
      resolve();
    };
  }

  #left(): void {
    const cold = this.#isEnded ? 0 : this.#disk.spooled;
    if (this.queue.held.count + cold === 0) {
      this.#release?.();
      this.#release = undefined;
    }
    this.#disk.refill();
    this.line.admit();
  }
}
