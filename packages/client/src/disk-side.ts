import type { Backlog, BacklogDeps } from './backlog.ts';
import type { Batch } from './batch.ts';
import type { Books } from './books.ts';
import type { Emitter } from './client-events.ts';
import type { Item } from './item.ts';
import { textOf } from './text-pages.ts';
import type { WeirError } from './weir-error.ts';

/** Opens the spool; undefined where the signal is aborted before. */
export type OpenBacklog = (deps: BacklogDeps, signal: AbortSignal) => Promise<Backlog | undefined>;

export interface DiskSideDeps extends Omit<BacklogDeps, 'ledger' | 'lost'> {
  readonly open: OpenBacklog | undefined;
  readonly books: () => Books;
  readonly emitter: Emitter;
  readonly signal: AbortSignal;
}

/** What is on its way to the disk is in memory as well, and bounded: a disk may be slow. */
const mostUnwrittenBytes = 4_194_304;

/**
 * The part of an outbox that is on disk, where there is one: until it is open, events are held in
 * memory, and nothing goes out before it is written. All of it does nothing without a spool.
 */
export class DiskSide {
  readonly #deps: DiskSideDeps;
  readonly #failed: (error: WeirError) => void;
  readonly #opening: Promise<void> | undefined;
  #backlog: Backlog | undefined;
  #early: Item[] = [];
  /** Events left on disk when all was closed. */
  #kept = 0;

  constructor(deps: DiskSideDeps) {
    this.#deps = deps;
    this.#failed = (error) => deps.emitter.emit('error', { error });
    if (deps.open !== undefined) this.#opening = this.#open(deps.open);
  }

  get isOpen(): boolean {
    return this.#backlog !== undefined;
  }

  /** Events on disk and not in memory. */
  get spooled(): number {
    return (this.#backlog?.cold ?? 0) + this.#kept;
  }

  get durable(): number | undefined {
    return this.#opening === undefined ? undefined : (this.#backlog?.durable ?? 0);
  }

  /** undefined where the disk does not decide, but room in memory. */
  takes(bytes: number): boolean | undefined {
    if (this.#backlog === undefined) return undefined;
    const { spool, cold } = this.#backlog;
    if (!spool.hasRoom(bytes)) return false;
    if (spool.unwrittenBytes <= mostUnwrittenBytes) return true;
    return cold > 0 ? false : undefined; // while all are in memory as well, that is bounded there
  }

  /** False where there is no spool: then it goes straight into the queue. */
  take(item: Item, isHeld: boolean): boolean {
    if (this.#backlog !== undefined) {
      this.#backlog.add(item, isHeld);
    } else if (this.#opening !== undefined) {
      item.isCut = true; // nobody may take it out of a queue it is not in
      this.#early.push(item);
    } else {
      return false;
    }
    return true;
  }

  /** Resolves when the batch is fixed on disk. A disk that fails must not keep it from being sent. */
  async close({ key, items }: Batch): Promise<void> {
    const places = items.map(({ place }) => place);
    await this.#backlog?.spool.close(key, places).catch(this.#failed);
  }

  async split(key: string): Promise<void> {
    await this.#backlog?.spool.split(key).catch(this.#failed);
  }

  done(items: readonly Item[]): void {
    this.#backlog?.spool.done(items.map(({ place }) => place));
  }

  refill(): void {
    this.#backlog?.refill();
  }

  /** Keeps for a person what can never be delivered. */
  poison(items: readonly Item[], { code, message: detail }: WeirError): void {
    const lines = items
      .filter(({ isGone }) => !isGone)
      .map(
        (item) => `{"code":"${code}","detail":${JSON.stringify(detail)},"event":${textOf(item)}}`,
      );
    if (lines.length > 0) this.#backlog?.spool.poison(lines).catch(this.#failed);
  }

  /** They leave memory and stay here. */
  keep(items: readonly Item[], error: WeirError): void {
    this.#kept += items.filter(({ isGone }) => !isGone).length;
    this.#deps.books().keep(items, error);
  }

  async end(error: WeirError): Promise<void> {
    await this.#opening;
    this.#deps.books().drop(this.#early, 'closed', error);
    await this.#backlog?.end(error);
  }

  async #open(open: OpenBacklog): Promise<void> {
    const { books } = this.#deps;
    const deps: BacklogDeps = {
      ...this.#deps,
      ledger: () => books().ledger,
      lost: (item, error) => books().lost(item, error),
    };
    await Promise.resolve(); // whoever made this is not complete yet
    const backlog = await open(deps, this.#deps.signal);
    if (backlog === undefined) return;
    this.#backlog = backlog; // first: whatever goes out from now on must be fixed on disk before
    const early = this.#early;
    this.#early = [];
    for (const item of early) {
      item.isCut = false;
      backlog.add(item, true);
    }
    backlog.refill();
  }
}
