import type { S3Client } from '@aws-sdk/client-s3';
import { backoffMs } from '@weir/core/retry';
import { parseHttpDate } from '@weir/core/wire/http-date';
import { sleep } from '@weir/core/world/sleep';
import type { Ms, World } from '@weir/core/world/world';
import { makeClient, type S3Place } from './s3-client.ts';
import { explain, type Failure, type S3Call, storeError } from './s3-errors.ts';
import { within } from './within.ts';

export interface S3CallsOptions extends S3Place {
  /** How long one try may take, and a millisecond more for each KiB it moves. */
  readonly attemptMs: Ms;
  /** Writes at once. */
  readonly maxConcurrency: number;
  readonly world: World;
}

/** What came of one try. */
export type Reply<T> = { readonly value: T } | { readonly failed: Failure };

/** Sends one request with the client; ends with `signal`. */
type Send<T> = (client: S3Client, signal: AbortSignal) => Promise<T>;

const readTries = 4;
const readBackoff = { baseMs: 100, maxMs: 2_000 };
/** Reading an object must not fail for its size, which nobody knows beforehand. */
const mostReadBytes = 64 * 1024 * 1024;
const bytesPerMs = 1_024;
const connectMs = 5_000;
/** For reads and checks, which nobody governs. */
const spareSockets = 8;

/** Calls of S3, each within its time; tells what went wrong and what is to be done about it. */
export class S3Calls {
  readonly place: S3Place;
  readonly #client: S3Client;
  readonly #options: S3CallsOptions;
  readonly #clock: StoreClock;

  private constructor(client: S3Client, options: S3CallsOptions, clock: StoreClock) {
    this.place = options;
    this.#client = client;
    this.#options = options;
    this.#clock = clock;
  }

  static async open(options: S3CallsOptions): Promise<S3Calls> {
    const clock = new StoreClock(options.world);
    const client = await makeClient({
      ...options,
      sockets: options.maxConcurrency + spareSockets,
      connectMs: Math.min(connectMs, options.attemptMs),
      onDate: (date) => clock.heard(date),
    });
    return new S3Calls(client, options, clock);
  }

  /** By a client that is there already; what it hears of the store's clock is not told. */
  static over(client: S3Client, options: S3CallsOptions): S3Calls {
    return new S3Calls(client, options, new StoreClock(options.world));
  }

  /** How far this machine's clock was ahead of the store's when it last answered. */
  get aheadMs(): Ms | undefined {
    return this.#clock.aheadMs;
  }

  /** One try. Rejects only when the caller's signal ends. */
  async try<T>(call: S3Call, bytes: number, signal: AbortSignal, send: Send<T>): Promise<Reply<T>> {
    const { world, attemptMs } = this.#options;
    const ms = attemptMs + bytes / bytesPerMs;
    try {
      return { value: await within(world, ms, signal, (own) => send(this.#client, own)) };
    } catch (error) {
      signal.throwIfAborted();
      return { failed: explain(error, call, this.place) };
    }
  }

  /** Tries again what may pass by itself; undefined where there is no such object. */
  async read<T>(call: S3Call, signal: AbortSignal, send: Send<T>): Promise<T | undefined> {
    const { world } = this.#options;
    for (let tries = 1; ; tries += 1) {
      const reply = await this.try(call, mostReadBytes, signal, send);
      if ('value' in reply) return reply.value;
      const { failed } = reply;
      if (failed.aftermath === 'missing') return undefined;
      if (!failed.passes || tries === readTries) throw storeError(failed);
      await sleep(world, backoffMs(readBackoff, tries, 0, world.random()), signal);
    }
  }

  /** Closes the connections. */
  close(): void {
    this.#client.destroy();
  }
}

/** The store's clock, as its replies tell it. */
class StoreClock {
  readonly #world: World;
  aheadMs: Ms | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  heard(date: string): void {
    const theirsMs = parseHttpDate(date);
    if (theirsMs !== undefined) this.aheadMs = this.#world.date() - theirsMs;
  }
}
