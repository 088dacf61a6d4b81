import type { Ms } from '@weir/core/world/world';
import type { Answer, Failed } from './attempt.ts';
import { type Batch, newBatch } from './batch.ts';
import { Books } from './books.ts';
import type { Emitter } from './client-events.ts';
import type { Gate } from './gate.ts';
import type { Item } from './item.ts';
import type { KeepAlive } from './keep-alive.ts';
import type { DropReason, Ledger, Stats } from './ledger.ts';
import type { ResolvedOptions } from './options.ts';
import { Queue } from './queue.ts';
import type { ReceiptDeps } from './receipts.ts';
import { RoomLine } from './room-line.ts';
import { deliver, type SendDeps, type SendEvents } from './send.ts';
import { Tally } from './tally.ts';
import { uuidMaker } from './uuid-v7.ts';
import { WeirError } from './weir-error.ts';

const windowMs: Ms = 600_000; // for so long a server knows a repeat

export interface OutboxDeps extends ReceiptDeps {
  readonly gate: Gate;
  readonly emitter: Emitter;
  readonly keepAlive: KeepAlive;
  readonly options: ResolvedOptions;
  readonly send: Omit<SendDeps, 'outcomes' | 'events' | 'gate'>;
}

/** All events on their way: the queue and what is in flight. */
export class Outbox implements SendEvents {
  readonly queue: Queue;
  readonly line: RoomLine;
  readonly #books: Books;
  readonly #deps: OutboxDeps;
  readonly #makeKey: () => string;
  readonly #abort = new AbortController();
  #tally: Tally = new Tally(0);
  #tallies: Tally[] = [this.#tally];
  #flushUpTo = -1;
  #active = 0;
  #cancelTimer: (() => void) | undefined;
  #release: (() => void) | undefined;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
    this.queue = new Queue(deps.options);
    this.line = new RoomLine((bytes) => this.queue.hold(bytes));
    this.#makeKey = uuidMaker(deps.world);
    this.#books = new Books({
      queue: this.queue,
      emitter: deps.emitter,
      receipts: deps,
      left: () => this.#left(),
      poisoned: () => {},
    });
  }

  get ledger(): Ledger {
    return this.#books.ledger;
  }

  /** Counts what comes from now on. */
  get tally(): Tally {
    return this.#tally;
  }

  /** What is left when the time is over lies safe on this disk. */
  get isSpooled(): boolean {
    return false;
  }

  /** Puts an event at the end, for which room is held. */
  add(item: Item): void {
    this.queue.push(item);
    this.#tally.outstanding += 1;
    this.#release ??= this.#deps.keepAlive.hold();
    if (this.queue.isFullBatch) this.#pump();
    else if (this.#cancelTimer === undefined) this.#pumpIn(this.#deps.options.lingerMs);
  }

  /** Sends what is there without waiting for more; returns what counts its outcomes. */
  hurry(): readonly Tally[] {
    const tally = this.#tally;
    this.#flushUpTo = tally.number;
    this.#tallies = this.#tallies.filter((one) => one === tally || one.outstanding > 0);
    const counted = [...this.#tallies];
    this.#tally = new Tally(tally.number + 1);
    this.#tallies.push(this.#tally);
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

  /** Gives up on everything that is left. */
  end(): void {
    const error = new WeirError('closed', 'the client was closed before it was delivered');
    for (const item of [...this.queue.waiting()]) this.dropWaiting(item, 'closed', error);
    this.#abort.abort(error);
    this.#cancelTimer?.();
    this.line.close();
    this.#left();
  }

  stats(): Stats {
    const { count, bytes } = this.queue.held;
    const { queued, recovered, acked, rejected, dropped } = this.ledger;
    const { maybeDuplicate, requests, retries, rateLimited } = this.ledger;
    const books = { queued, recovered, acked, rejected, dropped, spooled: 0, inMemory: count };
    const counts = { inMemoryBytes: bytes, maybeDuplicate, requests, retries, rateLimited };
    return { ...books, ...counts, durable: acked };
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
    if (batch.ambiguousSince !== undefined) return batch; // unchanged, as its outcome is unknown
    const isAwaited = (item: Item): boolean => item.waiter !== undefined;
    this.#books.drop(batch.items.filter(isAwaited), 'unauthorized', error);
    for (const item of [...this.queue.waiting()].filter(isAwaited)) {
      this.dropWaiting(item, 'unauthorized', error);
    }
    const kept = batch.items.filter(({ isGone }) => !isGone);
    if (kept.length === 0) return undefined;
    return { ...newBatch(batch.key, kept), attempts: batch.attempts };
  }

  async split(): Promise<void> {
    // In memory alone there is nothing to remember.
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
    while (this.#active < this.#deps.options.maxConcurrency && this.#isReady()) {
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
    if (first.tally.number <= this.#flushUpTo) return true;
    const dueMs = first.queuedMs + this.#deps.options.lingerMs - this.#deps.world.now();
    if (dueMs > 0) this.#pumpIn(dueMs);
    return dueMs <= 0;
  }

  #begin(batch: Batch): void {
    this.#active += 1;
    const { gate, send } = this.#deps;
    const deps: SendDeps = { ...send, gate, outcomes: this.#books, events: this };
    void deliver(batch, deps, this.#abort.signal).then(() => {
      this.#active -= 1;
      this.queue.landed(batch.items);
      this.#pump();
    });
  }

  #left(): void {
    if (this.queue.held.count === 0) {
      this.#release?.();
      this.#release = undefined;
    }
    this.line.admit();
  }
}
