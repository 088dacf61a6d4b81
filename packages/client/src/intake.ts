import type { World } from '@weir/core/world/world';
import type { SendOptions, TrackOptions } from './client.ts';
import type { Emitter } from './client-events.ts';
import type { EventText, EventWriter } from './event-text.ts';
import type { Item, Waiter } from './item.ts';
import type { DropReason } from './ledger.ts';
import type { ResolvedOptions } from './options.ts';
import type { Hold, Outbox } from './outbox.ts';
import type { Receipt } from './receipts.ts';
import { cancelled } from './room-line.ts';
import type { Tally } from './tally.ts';
import { WeirError } from './weir-error.ts';

export interface IntakeDeps {
  readonly options: ResolvedOptions;
  readonly world: World;
  readonly writer: EventWriter;
  readonly outbox: Outbox;
  readonly emitter: Emitter;
}

const tellEveryMs = 100;

/** The way in: events become text, and get room or what `overflow` says. */
export class Intake {
  readonly #deps: IntakeDeps;
  #untold = new Map<DropReason, number>();

  constructor(deps: IntakeDeps) {
    this.#deps = deps;
  }

  track(type: string, data: unknown, options: TrackOptions | undefined): void {
    if (!this.#deps.options.enabled) return;
    const event = this.#deps.writer.write(type, data, options);
    const hold = event && this.#makeRoom(event.bytes);
    if (event === undefined) this.#countDropped('redacted');
    else if (hold === undefined) this.#countDropped('queue_full');
    else this.#add(event, hold, options);
  }

  /** Resolves with the receipt of one event. */
  async send(
    type: string,
    data: unknown,
    options: SendOptions,
    traceparent?: string,
  ): Promise<Receipt> {
    if (!this.#deps.options.enabled) return disabled;
    throwIfCancelled(options.signal);
    this.#throwIfRefused();
    if (options.ack === 'spooled' && this.#deps.options.spool === undefined) {
      throw new WeirError('invalid_option', "ack 'spooled' needs the option spool", {
        field: 'ack',
      });
    }
    const event = this.#deps.writer.write(type, data, traced(options, traceparent));
    if (event === undefined) {
      this.#countDropped('redacted');
      return disabled;
    }
    const hold = this.#makeRoom(event.bytes) ?? (await this.#waitForRoom(event.bytes, options));
    return await this.#addAndWait(event, hold, options, traceparent);
  }

  /** Puts one event of many in, as soon as there is room; `waiter` hears what becomes of it. */
  async feed(
    { type, data, ...options }: TrackOptions & { readonly type: string; readonly data?: unknown },
    waiter: Waiter,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    this.#throwIfRefused();
    const event = this.#deps.writer.write(type, data, options);
    if (event === undefined) {
      this.#countDropped('redacted');
      waiter.taken(disabled);
      return;
    }
    const hold = await this.#deps.outbox.line.join(event.bytes, signal);
    this.#add(event, hold, options, { waiter });
  }

  get isEnabled(): boolean {
    return this.#deps.options.enabled;
  }

  #throwIfRefused(): void {
    const { refusal } = this.#deps.outbox;
    if (refusal !== undefined) throw refusal;
  }

  #addAndWait(
    event: EventText,
    hold: Hold,
    options: SendOptions,
    traceparent: string | undefined,
  ): Promise<Receipt> {
    const { promise, resolve, reject } = Promise.withResolvers<Receipt>();
    const onDisk = Promise.withResolvers<void>();
    const isSpooled = options.ack === 'spooled';
    const waiter = { taken: resolve, failed: reject };
    const spooled = isSpooled ? onDisk : undefined;
    const item = this.#add(event, hold, options, { waiter, spooled, traceparent });
    const answer = isSpooled ? spooledReceipt(onDisk.promise, promise) : promise;
    const { signal } = options;
    if (signal === undefined) return answer;
    const cancel = Promise.withResolvers<never>();
    const aborted = (): void => {
      const error = cancelled(signal);
      // In flight it goes on; the caller waits no longer.
      if (!this.#deps.outbox.dropWaiting(item, 'cancelled', error)) cancel.reject(error);
    };
    signal.addEventListener('abort', aborted);
    return Promise.race([answer, cancel.promise]).finally(() =>
      signal.removeEventListener('abort', aborted),
    );
  }

  #add(
    { text, bytes }: EventText,
    hold: Hold,
    options: TrackOptions | undefined,
    awaited: Awaited = nobody,
  ): Item {
    const { outbox, world } = this.#deps;
    const { pages } = outbox.queue;
    const at = pages.keep(text, bytes);
    const item: Writable<Item> = outbox.queue.takeSpare() ?? newItem(outbox.tally);
    item.page = pages.page;
    item.at = at;
    item.bytes = bytes;
    item.orderingKey = options?.orderingKey;
    item.tally = outbox.tally;
    item.queuedMs = world.now();
    item.traceparent = awaited.traceparent;
    item.waiter = awaited.waiter;
    item.spooled = awaited.spooled;
    item.isGone = false;
    outbox.ledger.queued += 1;
    outbox.add(item, hold);
    return item;
  }

  #waitForRoom(bytes: number, { signal }: SendOptions): Promise<Hold> {
    if (this.#deps.options.overflow === 'block') return this.#deps.outbox.line.join(bytes, signal);
    this.#countDropped('queue_full');
    throw this.#queueFull();
  }

  /** Holds room for an event, after all that `overflow` allows without waiting. */
  #makeRoom(bytes: number): Hold | undefined {
    const { outbox, options } = this.#deps;
    const { queue } = outbox;
    const hold = outbox.hold(bytes);
    if (hold !== undefined || options.overflow !== 'drop-oldest') return hold;
    for (let item = queue.first; item !== undefined; item = queue.first) {
      const isUnheard = item.waiter === undefined;
      outbox.dropWaiting(item, 'dropped', isUnheard ? unheard : madeRoom());
      if (isUnheard) queue.recycleFirst(item);
      const freed = outbox.hold(bytes);
      if (freed !== undefined) return freed;
    }
    return undefined;
  }

  /** Under overload this is the hot path: listeners are told ten times a second at most. */
  #countDropped(reason: DropReason): void {
    const { outbox, world, emitter } = this.#deps;
    outbox.ledger.queued += 1;
    outbox.ledger.drop(reason, 1);
    const untold = this.#untold.get(reason);
    this.#untold.set(reason, (untold ?? 0) + 1);
    if (untold !== undefined) return;
    world.after(tellEveryMs, () => {
      const count = this.#untold.get(reason) ?? 0;
      this.#untold.delete(reason);
      emitter.emit('drop', { reason, count });
    });
  }

  #queueFull(): WeirError {
    const { maxQueueEvents, maxQueueBytes } = this.#deps.options;
    const { count, bytes } = this.#deps.outbox.queue.held;
    const held = `${count} events with ${bytes} bytes are under way`;
    const most = `${maxQueueEvents} (maxQueueEvents) and ${maxQueueBytes} (maxQueueBytes)`;
    return new WeirError('queue_full', `${held}, the most are ${most}`);
  }
}

const madeRoom = (): WeirError =>
  new WeirError('dropped', 'it was dropped to make room for a later event');
/** Under overload this is the hot path, and a stack takes longer than all the rest. */
const unheard = madeRoom();

/** What an event gets that nobody wanted sent. */
const disabled: Receipt = {
  id: 'disabled',
  index: 0,
  stored: async () => ({ key: '', line: 0 }),
};

/** Resolves when the event is on disk; its receipt has no id, since no server has seen it yet. */
async function spooledReceipt(onDisk: Promise<void>, taken: Promise<Receipt>): Promise<Receipt> {
  taken.catch(() => {}); // told by the events of the client
  await Promise.race([onDisk, taken]);
  return { id: 'spooled', index: 0, stored: async (options) => (await taken).stored(options) };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function newItem(tally: Tally): Writable<Item> {
  return {
    page: undefined,
    at: 0,
    bytes: 0,
    orderingKey: undefined,
    place: 0,
    tally,
    queuedMs: 0,
    traceparent: undefined,
    waiter: undefined,
    spooled: undefined,
    isGone: false,
    isCut: false,
  };
}

/** Who waits for an event, and what is known of the call that made it. */
interface Awaited {
  readonly waiter?: Waiter | undefined;
  readonly spooled?: Item['spooled'];
  readonly traceparent?: string | undefined;
}

const nobody: Awaited = {};

/** A sampled call leaves its mark on the event; one that the sender gave is passed on. */
function traced(options: SendOptions, traceparent: string | undefined): SendOptions {
  if (traceparent === undefined || options.attributes?.traceparent !== undefined) return options;
  return { ...options, attributes: { ...options.attributes, traceparent } };
}

function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled(signal);
}
