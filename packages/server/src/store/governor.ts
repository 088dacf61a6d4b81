import {
  type BreakerEvent,
  type BreakerOptions,
  type BreakerState,
  breakerAfter,
  closedBreaker,
  mayTry,
} from '@weir/core/breaker';
import {
  type ConcurrencyBounds,
  type ConcurrencyState,
  learnConcurrency,
  placesIn,
  startConcurrency,
} from '@weir/core/concurrency';
import type { Ms, World } from '@weir/core/world/world';
import { StoreError } from './store.ts';

export interface GovernorDeps {
  readonly world: World;
  /** Most requests under way at once. */
  readonly maxConcurrency: number;
  /** Finds out whether the store works again; rejects where it does not. */
  readonly probe: (signal: AbortSignal) => Promise<void>;
  readonly events: GovernorEvents;
}

/** What a person wants to know, once each. */
export interface GovernorEvents {
  /** Nothing is tried any more but a probe now and then. */
  stopped(reason: string): void;
  resumed(afterMs: Ms): void;
}

export interface GovernorStatus {
  /** Requests that may be under way at once. */
  readonly limit: number;
  readonly underWay: number;
  readonly waiting: number;
  /** Why nothing is tried at the moment; undefined while all is well. */
  readonly stopped: string | undefined;
}

/** Fewer than the tries at one key, so that an outage is known as one before a segment goes back. */
const breakerOptions: BreakerOptions = {
  failures: 5,
  firstPauseMs: 250,
  longestPauseMs: 10_000,
};
const firstConcurrency = 8;
const leastConcurrency = 4;
/** So many in a row that asked for less, and it is no matter of how many there are. */
const mostAsked = 6;
/** About what takes as long to send as a request takes without: so much more is a large one slower. */
const weightBytes = 1024 * 1024;

interface Waiter {
  readonly enter: () => void;
}

/**
 * Lets as many requests to a store be under way as it bears, in the order in which they came; and
 * none while it is out of order, when it finds out by probes whether that is over.
 */
export class Governor {
  readonly #deps: GovernorDeps;
  readonly #waiting: Waiter[] = [];
  readonly #closing = new AbortController();
  readonly #bounds: ConcurrencyBounds;
  #concurrency: ConcurrencyState;
  /** Replies in a row that asked for less. */
  #asked = 0;
  #breaker: BreakerState = closedBreaker;
  #underWay = 0;
  #stopped: { readonly reason: string; readonly sinceMs: Ms } | undefined;
  #probing: Promise<void> | undefined;
  #cancelProbe = (): void => {};

  constructor(deps: GovernorDeps) {
    this.#deps = deps;
    const { world, maxConcurrency: most } = deps;
    const least = Math.min(leastConcurrency, most);
    this.#bounds = { first: firstConcurrency, least, most };
    this.#concurrency = startConcurrency(this.#bounds, world.now());
  }

  /** Runs `work` when it is its turn. Rejects as it does, or with the reason of `signal`. */
  async run<T>(bytes: number, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#turn(signal);
    const sentMs = this.#deps.world.now();
    try {
      const result = await work();
      this.#learn('ok', sentMs, bytes);
      this.#happened({ what: 'answered' }, '');
      return result;
    } catch (error) {
      if (error instanceof StoreError) this.#failed(error, sentMs, bytes);
      throw error;
    } finally {
      this.#underWay -= 1;
      this.#admit();
    }
  }

  /** Somebody else found out that the store works. */
  works(): void {
    this.#happened({ what: 'answered' }, '');
    this.#admit();
  }

  status(): GovernorStatus {
    return {
      limit: placesIn(this.#concurrency),
      underWay: this.#underWay,
      waiting: this.#waiting.length,
      stopped: this.#stopped?.reason,
    };
  }

  /** Ends probing. Who waits goes on waiting until its own signal ends. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#cancelProbe();
    await this.#probing;
  }

  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { enter: resolve };
    const leave = (): void => {
      const place = this.#waiting.indexOf(waiter);
      if (place !== -1) this.#waiting.splice(place, 1);
      reject(signal.reason);
    };
    signal.addEventListener('abort', leave);
    this.#waiting.push(waiter);
    this.#admit();
    await promise.finally(() => signal.removeEventListener('abort', leave));
  }

  #admit(): void {
    while (this.#breaker.is === 'closed' && this.#underWay < placesIn(this.#concurrency)) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#underWay += 1;
      next.enter();
    }
  }

  #failed({ kind, pressure, message }: StoreError, sentMs: Ms, bytes: number): void {
    if (pressure !== 'none') this.#learn(pressure, sentMs, bytes);
    this.#asked = pressure === 'congested' ? this.#asked + 1 : 0;
    // Who says no, or asks for less, is there; who asks everybody for less, for long, is not.
    const asks = pressure === 'congested' && this.#asked <= mostAsked;
    const isThere = kind === 'refused' || asks;
    this.#happened(isThere ? { what: 'answered' } : { what: 'failed', isProbe: false }, message);
  }

  #learn(said: 'ok' | 'congested' | 'late', sentMs: Ms, bytes: number): void {
    const nowMs = this.#deps.world.now();
    if (said === 'ok') this.#asked = 0;
    const tookMs = (nowMs - sentMs) / (1 + bytes / weightBytes);
    const reply = { said, sentMs, tookMs, underWay: this.#underWay };
    this.#concurrency = learnConcurrency(this.#concurrency, reply, this.#bounds, nowMs);
  }

  #happened(event: BreakerEvent, reason: string): void {
    const { world, events } = this.#deps;
    const nowMs = world.now();
    const before = this.#breaker;
    const lot = event.what === 'failed' ? world.random() : 0;
    this.#breaker = breakerAfter(before, event, breakerOptions, { nowMs, lot });
    if (this.#breaker.is === 'closed') this.#resume(nowMs);
    if (this.#breaker.is !== 'open' || this.#breaker === before) return;
    if (this.#stopped === undefined) events.stopped(reason);
    if (reason !== '') this.#stopped = { reason, sinceMs: this.#stopped?.sinceMs ?? nowMs };
    this.#probeLater();
  }

  #probeLater(): void {
    const { world } = this.#deps;
    if (this.#breaker.is !== 'open') return;
    this.#cancelProbe();
    this.#cancelProbe = world.after(this.#breaker.untilMs - world.now(), () => {
      // A timer may fire a fraction of a millisecond early.
      if (mayTry(this.#breaker, world.now())) this.#probing = this.#probe();
      else this.#probeLater();
    });
  }

  #resume(nowMs: Ms): void {
    if (this.#stopped === undefined) return;
    const { sinceMs } = this.#stopped;
    this.#stopped = undefined;
    this.#cancelProbe();
    this.#deps.events.resumed(nowMs - sinceMs);
  }

  async #probe(): Promise<void> {
    const { probe } = this.#deps;
    if (this.#breaker.is !== 'open') return;
    this.#happened({ what: 'tried' }, '');
    try {
      await probe(this.#closing.signal);
      this.#happened({ what: 'answered' }, '');
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      this.#probeFailed(error as Error);
    }
    this.#admit();
  }

  /** A probe that is refused found a store that works, and a policy that is not made for probes. */
  #probeFailed(error: Error): void {
    const isThere = error instanceof StoreError && error.kind === 'refused';
    const event = isThere
      ? ({ what: 'answered' } as const)
      : ({ what: 'failed', isProbe: true } as const);
    this.#happened(event, error.message);
  }
}
