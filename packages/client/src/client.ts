import type { ThrottleSnapshot } from '@weir/core/throttle/throttle';
import { type ClientEvents, Emitter } from './client-events.ts';
import { type EventOptions, EventWriter } from './event-text.ts';
import { awaitFlush, type FlushOptions, type FlushResult } from './flush.ts';
import { Gate } from './gate.ts';
import { Intake } from './intake.ts';
import { KeepAlive } from './keep-alive.ts';
import { KeyHolder } from './key-holder.ts';
import type { Stats } from './ledger.ts';
import {
  type ClientOptions,
  type ResolvedOptions,
  resolveOptions,
  type SpoolOptions,
} from './options.ts';
import { Origins } from './origins.ts';
import { Outbox } from './outbox.ts';
import type { Platform } from './platform.ts';
import type { Receipt } from './receipts.ts';
import type { ManyEvent, ManyResult } from './send-many.ts';
import { borrowTurnstile } from './throttle-registry.ts';
import type { Tracing } from './tracing.ts';
import type { Transport } from './transport/transport.ts';
import { makerOf } from './tuned-throttle.ts';
import { WeirError } from './weir-error.ts';

/** Types of events and the data of each: `{ 'order.paid': { cents: number } }`. */
export type EventMap = Readonly<Record<string, unknown>>;

/** What a client without a type of its own takes: any type, any data. */
export type AnyEvents = Readonly<Record<string, unknown>>;

/** What may be said of one event, and of the way it goes. */
export interface TrackOptions extends EventOptions {
  /** Events with the same key are taken in the order in which they were given. @default none */
  readonly orderingKey?: string | undefined;
}

/** The same, and how long to wait for what. */
export interface SendOptions extends TrackOptions {
  /** Ends the wait; where the event is on its way already, it may still arrive. @default none */
  readonly signal?: AbortSignal | undefined;
  /**
   * When to resolve: `spooled` on this disk (needs the option spool), `accepted` by the server, `stored`
   * in the object store. @default 'accepted'
   */
  readonly ack?: 'spooled' | 'accepted' | 'stored' | undefined;
}

/**
 * Sends events to weir: batches them, keeps to the pace of its key, tries again until the outcome is
 * known, and counts every event.
 *
 * @example
 * await using client = new IngestClient({ apiKey, baseUrl: 'https://events.example.com' });
 * client.track('page.viewed', { path: '/pricing' });
 * const receipt = await client.send('order.paid', { cents: 1900 });
 */
export class Client<Events extends EventMap = AnyEvents> {
  readonly #options: ResolvedOptions;
  readonly #platform: Platform;
  readonly #emitter: Emitter;
  readonly #transport: Transport;
  readonly #keys: KeyHolder;
  readonly #gate: Gate;
  readonly #outbox: Outbox;
  readonly #intake: Intake;
  readonly #keepAlive: KeepAlive;
  #closing: Promise<void> | undefined;

  /** Throws a WeirError `invalid_option`. Opens nothing: the first event does. */
  constructor(given: ClientOptions, platform: Platform) {
    const options = resolveOptions(given, platform.env);
    const { world } = platform;
    this.#options = options;
    this.#platform = platform;
    this.#emitter = new Emitter(platform.publish, options.logger);
    this.#keepAlive = new KeepAlive(platform.startHolding);
    this.#transport = platform.transport(options);
    this.#keys = this.#makeKeys();
    const origins = new Origins(options.baseUrl, world, (from, to) =>
      this.#emitter.emit('failover', { from, to }),
    );
    this.#gate = new Gate({
      world,
      origins,
      keys: this.#keys,
      deliveryTimeoutMs: options.deliveryTimeoutMs,
      events: {
        paced: ({ waitingFor, perSecond }, waitMs) =>
          this.#emitter.emit('throttle', { waitMs, waitingFor, perSecond }),
        keyFailed: (cause) => this.#keyFailed(cause),
      },
    });
    this.#outbox = this.#makeOutbox();
    const writer = new EventWriter(options, world);
    this.#intake = new Intake({
      options,
      world,
      writer,
      outbox: this.#outbox,
      emitter: this.#emitter,
    });
  }

  /**
   * Takes an event and returns at once. Throws only for an event that could never be sent
   * (`invalid_event`, `event_too_large`) and after `close`; what happens later is told by `stats()`
   * and by the events `drop`, `reject` and `error`.
   *
   * @example
   * client.track('page.viewed', { path: '/pricing' }, { subject: 'user-7' });
   */
  track<Name extends keyof Events & string>(
    type: Name,
    data: Events[Name],
    options?: TrackOptions,
  ): void {
    this.#refuseIfClosed();
    this.#intake.track(type, data, options);
  }

  /**
   * Resolves when the server has the event safe on its disk; other events share its request. Rejects
   * with a WeirError: `invalid_event`, `event_too_large`, `queue_full`, `rate_limited`, `unauthorized`,
   * `cancelled`, `closed`, or whatever the server refused it for.
   *
   * @example
   * const receipt = await client.send('order.paid', { cents: 1900 }, { id: 'order-17' });
   * const { key, line } = await receipt.stored({ timeoutMs: 60_000 });
   * console.log(`in line ${line} of ${key}`);
   */
  async send<Name extends keyof Events & string>(
    type: Name,
    data: Events[Name],
    options: SendOptions = {},
  ): Promise<Receipt> {
    this.#refuseIfClosed();
    const receipt = await this.#sendTraced(type, data, options);
    if (options.ack === 'stored') await receipt.stored({ signal: options.signal });
    return receipt;
  }

  /**
   * Sends all events of an iterable, which is not asked for more while there is no room. Resolves when
   * the server has answered for each; rejects where the iterable does, or with `cancelled`, `closed` or
   * `unauthorized`.
   *
   * @example
   * const orders = [{ type: 'order.paid', data: { cents: 1900 } }];
   * const { accepted, failures } = await client.sendMany(orders);
   * for (const { index, error } of failures) console.error(index, error.code);
   * console.log(`${accepted} taken`);
   */
  async sendMany(
    events: Iterable<ManyEvent<Events>> | AsyncIterable<ManyEvent<Events>>,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<ManyResult> {
    this.#refuseIfClosed();
    const { sendMany } = await import('./send-many.ts');
    return await sendMany(events, this.#intake, options.signal);
  }

  /**
   * Sends everything taken before this call and resolves when the outcome of each event is known, or
   * it is safe in the spool when the time is over. Rejects with `flush_timeout`, or `cancelled`.
   *
   * @example
   * const { acked, dropped } = await client.flush({ timeoutMs: 5_000 });
   * console.log(`${acked} taken, ${dropped} given up`);
   */
  async flush(options: FlushOptions = {}): Promise<FlushResult> {
    const release = this.#keepAlive.hold();
    try {
      return await awaitFlush(this.#outbox, this.#platform.world, options);
    } finally {
      release();
    }
  }

  /**
   * Takes no more, flushes, and lets go of everything. What is left after the time goes to the spool,
   * or is dropped and counted where there is none. Calling it again returns the same promise; it
   * never rejects.
   *
   * @example
   * await client.close({ timeoutMs: 10_000 });
   */
  close(options: FlushOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * What became of every event so far. The sums add up at every instant.
   *
   * @example
   * const { queued, acked, inMemory, rateLimited } = client.stats();
   * console.log({ queued, acked, inMemory, rateLimited });
   */
  stats(): Stats {
    return this.#outbox.stats();
  }

  /**
   * What the pace of this key looks like; undefined before the first request.
   *
   * @example
   * console.log(`${client.throttle?.perSecond ?? 'any number of'} tokens a second`);
   */
  get throttle(): ThrottleSnapshot | undefined {
    return this.#keys.turnstile?.snapshot();
  }

  /**
   * Calls `listener` on every such event, with what it throws logged; returns how to stop.
   *
   * @example
   * const stop = client.on('drop', ({ reason, count }) => console.warn(`${count} lost: ${reason}`));
   * stop();
   */
  on<Name extends keyof ClientEvents>(
    name: Name,
    listener: (event: ClientEvents[Name]) => void,
  ): () => void {
    return this.#emitter.on(name, listener);
  }

  readonly #tracing = (): Tracing | undefined => this.#options.tracing ?? this.#platform.tracing();

  async #sendTraced(type: string, data: unknown, options: SendOptions): Promise<Receipt> {
    const span = this.#tracing()?.startSend(type);
    if (span === undefined) return await this.#intake.send(type, data, options);
    try {
      const receipt = await this.#intake.send(type, data, options, span.traceparent);
      span.ended(receipt.id, undefined);
      return receipt;
    } catch (error) {
      span.ended(undefined, error);
      throw error;
    }
  }

  async #close({ timeoutMs = 30_000, signal }: FlushOptions): Promise<void> {
    try {
      await this.flush({ timeoutMs, signal });
    } catch (error) {
      this.#options.logger?.warn('closed before everything was delivered', {
        left: this.#outbox.queue.held.count,
        error: String(error),
      });
    }
    await this.#outbox.end();
    this.#keys.close();
    await this.#transport.close();
  }

  #refuseIfClosed(): void {
    if (this.#closing !== undefined) throw new WeirError('closed', 'the client was closed');
  }

  #keyFailed(cause: unknown): void {
    const detail = `the function apiKey failed: ${cause instanceof Error ? cause.message : cause}`;
    this.#emitter.emit('error', { error: new WeirError('unauthorized', detail, { cause }) });
  }

  #makeKeys(): KeyHolder {
    const { apiKey, baseUrl, logger, throttle } = this.#options;
    const { world } = this.#platform;
    const makeThrottle = makerOf(throttle);
    return new KeyHolder(apiKey, baseUrl, (identity) => {
      const registry = this.#platform.registry(this.#options);
      return borrowTurnstile(registry, identity, { world, logger, makeThrottle });
    });
  }

  #makeOutbox(): Outbox {
    const { world, compress, openBacklog } = this.#platform;
    const options = this.#options;
    const { spool } = options;
    const tracing = this.#tracing;
    const transport = this.#transport;
    return new Outbox({
      world,
      transport,
      keys: this.#keys,
      gate: this.#gate,
      emitter: this.#emitter,
      keepAlive: this.#keepAlive,
      options,
      openBacklog:
        spool && ((deps, signal) => openBacklog(spool as Required<SpoolOptions>, deps, signal)),
      send: { world, transport, compress: compress(options), tracing, options },
    });
  }
}
