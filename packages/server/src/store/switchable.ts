import { sleep } from '@weir/core/world/sleep';
import type { Ms, World } from '@weir/core/world/world';
import {
  type ObjectContent,
  type PutOutcome,
  type Store,
  type StoredObject,
  StoreError,
} from './store.ts';

/** How a store misbehaves. Chances are drawn from the world, so a seed gives the same faults. */
export interface Faults {
  /** Each call takes this much longer. */
  readonly slowMs: Ms;
  /** Chance that a call fails and did nothing. */
  readonly trouble: number;
  /** Chance that a call does its work and fails all the same. */
  readonly lostReply: number;
  /** Keys that are refused for good. */
  readonly refuses: (key: string) => boolean;
}

const none: Faults = { slowMs: 0, trouble: 0, lostReply: 0, refuses: () => false };

/** A store with switches, for tests: slow, failing, refusing, or not answering at all. */
export class SwitchableStore implements Store {
  readonly #inner: Store;
  readonly #world: World;
  #faults: Faults = none;
  #stopped: { readonly over: Promise<void>; readonly end: () => void } | undefined;

  constructor(inner: Store, world: World) {
    this.#inner = inner;
    this.#world = world;
  }

  /** What is not named is as it should be. */
  misbehave(faults: Partial<Faults>): void {
    this.#faults = { ...none, ...faults };
  }

  /** From now on nothing is answered, until `resume` or until the caller gives up. */
  stop(): void {
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    this.#stopped ??= { over, end };
  }

  /** Answers all that waited, and works again. */
  resume(): void {
    this.#stopped?.end();
    this.#stopped = undefined;
  }

  async put(
    key: string,
    bytes: Uint8Array,
    content: ObjectContent,
    signal: AbortSignal,
  ): Promise<PutOutcome> {
    return await this.#call(key, signal, () => this.#inner.put(key, bytes, content, signal));
  }

  async get(key: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return await this.#call(key, signal, () => this.#inner.get(key, signal));
  }

  async *list(prefix: string, signal: AbortSignal): AsyncIterable<StoredObject> {
    await this.#call(prefix, signal, async () => undefined);
    yield* this.#inner.list(prefix, signal);
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    await this.#call(key, signal, () => this.#inner.remove(key, signal));
  }

  async #call<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const { slowMs, trouble, lostReply, refuses } = this.#faults;
    if (slowMs > 0) await sleep(this.#world, slowMs, signal);
    if (this.#stopped !== undefined) await unlessAborted(this.#stopped.over, signal);
    if (refuses(key)) throw new StoreError('refused', `${key} is refused, as the test wants it`);
    if (this.#happens(trouble))
      throw new StoreError('trouble', `${key} failed, as the test wants it`);
    const result = await work();
    if (this.#happens(lostReply)) throw new StoreError('trouble', `the reply for ${key} was lost`);
    return result;
  }

  #happens(chance: number): boolean {
    return chance > 0 && this.#world.random() < chance;
  }
}

async function unlessAborted(pending: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<void>();
  const stop = () => reject(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop);
  try {
    await Promise.race([pending, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
