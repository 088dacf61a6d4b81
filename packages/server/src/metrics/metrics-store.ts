import type { Ms, World } from '@weir/core/world/world';
import {
  type ObjectContent,
  type PutOutcome,
  type Store,
  type StoredObject,
  StoreError,
} from '../store/store.ts';
import type { PutResult } from './metrics.ts';

/** Counts writes. */
export interface PutCounter {
  put(result: PutResult, bytes: number, tookMs: Ms): void;
}

/** The same store; every write is counted and timed. */
export class MeteredStore implements Store {
  readonly #store: Store;
  readonly #metrics: PutCounter;
  readonly #world: World;

  constructor(store: Store, metrics: PutCounter, world: World) {
    this.#store = store;
    this.#metrics = metrics;
    this.#world = world;
  }

  async put(
    key: string,
    bytes: Uint8Array,
    content: ObjectContent,
    signal: AbortSignal,
  ): Promise<PutOutcome> {
    const startedMs = this.#world.now();
    try {
      const outcome = await this.#store.put(key, bytes, content, signal);
      this.#metrics.put(outcome, bytes.length, this.#world.now() - startedMs);
      return outcome;
    } catch (error) {
      this.#metrics.put(outcomeOf(error), bytes.length, this.#world.now() - startedMs);
      throw error;
    }
  }

  get(key: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return this.#store.get(key, signal);
  }

  list(prefix: string, signal: AbortSignal): AsyncIterable<StoredObject> {
    return this.#store.list(prefix, signal);
  }

  remove(key: string, signal: AbortSignal): Promise<void> {
    return this.#store.remove(key, signal);
  }
}

function outcomeOf(error: unknown): PutResult {
  if (!(error instanceof StoreError)) return 'trouble';
  return error.pressure === 'congested' ? 'congested' : error.kind;
}
