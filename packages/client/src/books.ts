import type { Failed, Taken } from './attempt.ts';
import type { Batch } from './batch.ts';
import type { Emitter } from './client-events.ts';
import type { Item } from './item.ts';
import { type DropReason, Ledger } from './ledger.ts';
import type { Queue } from './queue.ts';
import { type Receipt, type ReceiptDeps, receiptsOf } from './receipts.ts';
import type { Outcomes } from './send.ts';
import type { Ending } from './tally.ts';
import { WeirError } from './weir-error.ts';

export interface BooksDeps {
  readonly queue: Queue;
  readonly emitter: Emitter;
  readonly receipts: ReceiptDeps;
  /** Some events left; called once after several. */
  readonly left: (items: readonly Item[]) => void;
  /** Before a refused event is forgotten. */
  readonly poisoned: (items: readonly Item[], error: WeirError) => void;
}

/** Ends the story of each event exactly once: counts it, frees its room, tells whoever waits. */
export class Books implements Outcomes {
  readonly ledger: Ledger = new Ledger();
  readonly #deps: BooksDeps;

  constructor(deps: BooksDeps) {
    this.#deps = deps;
  }

  taken(batch: Batch, { receipt, rejected }: Taken, origin: string): void {
    const { emitter, receipts, left } = this.#deps;
    const named = new Map(rejected.map((one) => [one.index, one]));
    const receiptOf = receiptsOf(receipt, origin, receipts);
    for (const [index, item] of batch.items.entries()) {
      const why = named.get(index);
      if (why === undefined) this.#ack(item, () => receiptOf(index));
      else {
        const facts = { requestId: batch.key, attempts: batch.attempts };
        this.#rejectOne(item, new WeirError(why.code, why.detail, facts));
      }
    }
    const events = batch.items.length - named.size;
    const { key: requestId, attempts } = batch;
    emitter.emit('batch', { requestId, receipt, events, attempts });
    for (const { code, detail } of rejected) emitter.emit('reject', { code, detail, count: 1 });
    left(batch.items);
  }

  refused(batch: Batch, { rejected, status }: Failed, error: WeirError): void {
    const { emitter, left, poisoned } = this.#deps;
    const named = new Map(rejected.map((one) => [one.index, one]));
    const unnamed = batch.items.filter((_, index) => !named.has(index));
    poisoned(unnamed, error);
    for (const [index, item] of batch.items.entries()) {
      const why = named.get(index);
      const facts = { status, requestId: batch.key, attempts: batch.attempts };
      if (why === undefined) this.#reject(item, error);
      else this.#rejectOne(item, new WeirError(why.code, why.detail, facts));
    }
    const { code, message: detail } = error;
    emitter.emit('reject', { code, detail, count: batch.items.length });
    emitter.emit('error', { error });
    left(batch.items);
  }

  givenUp(batch: Batch, error: WeirError): void {
    this.drop(batch.items, dropReasonOf(error), error);
  }

  /** They stay on disk, for whoever opens the spool next. */
  keep(items: readonly Item[], error: WeirError): void {
    const open = items.filter(({ isGone }) => !isGone);
    for (const item of open) {
      item.isGone = true;
      this.#deps.queue.giveBack(item);
      this.#deps.queue.pages.letGo(item);
      item.waiter?.failed(error);
    }
  }

  /** An event that was never in memory, or not for good, could not be kept on disk. */
  lost(item: Item, error: WeirError): void {
    this.ledger.drop('spool', 1);
    item.isGone = true;
    this.#deps.queue.pages.letGo(item);
    item.tally.end('dropped');
    item.waiter?.failed(error);
    this.#deps.emitter.emit('drop', { reason: 'spool', count: 1 });
  }

  /** Gives up on those that are not done with. */
  drop(items: readonly Item[], reason: DropReason, error: WeirError): void {
    const open = items.filter(({ isGone }) => !isGone);
    if (open.length === 0) return;
    for (const item of open) {
      this.ledger.drop(reason, 1);
      this.#leave(item, 'dropped');
      item.waiter?.failed(error);
    }
    this.#deps.emitter.emit('drop', { reason, count: open.length });
    this.#deps.left(open);
  }

  #ack(item: Item, receipt: () => Receipt): void {
    if (item.isGone) return;
    this.ledger.acked += 1;
    this.#leave(item, 'acked');
    item.waiter?.taken(receipt());
  }

  #rejectOne(item: Item, error: WeirError): void {
    this.#deps.poisoned([item], error);
    this.#reject(item, error);
  }

  #reject(item: Item, error: WeirError): void {
    if (item.isGone) return;
    this.ledger.rejected += 1;
    this.#leave(item, 'rejected');
    item.waiter?.failed(error);
  }

  #leave(item: Item, how: Ending): void {
    item.isGone = true;
    this.#deps.queue.giveBack(item);
    this.#deps.queue.pages.letGo(item);
    item.tally.end(how);
  }
}

function dropReasonOf({ code }: WeirError): DropReason {
  switch (code) {
    case 'closed':
    case 'expired':
    case 'attempts_exhausted':
    case 'rate_limited':
    case 'spool':
      return code;
    case 'over_capacity':
    case 'draining':
    case 'disk_trouble':
    case 'store_trouble':
      return 'over_capacity';
    default:
      return 'attempts_exhausted';
  }
}
