import type { Ms, World } from '@weir/core/world/world';
import {
  type ObjectContent,
  type PutOutcome,
  type Store,
  type StoredObject,
  StoreError,
} from '../store/store.ts';

/** One try to write an object. */
export interface WriteNote {
  /** Wall clock. */
  readonly startedAtMs: Ms;
  readonly tookMs: Ms;
  readonly bytes: number;
  /** What the store said; the kind of trouble where it said none of it. */
  readonly outcome: PutOutcome | 'trouble' | 'refused';
}

/** Segments under way have some hundred objects together; what is older was given up. */
const mostKeys = 4_096;
/** An object's first tries are dropped beyond: the last ones tell how it ended. */
const mostTries = 8;

/**
 * The same store; what was tried is noted by key, until somebody who tells the story of a delivery
 * takes it. Bounded: of the keys that nobody asks for the oldest are forgotten.
 */
export class NotedStore implements Store {
  readonly #store: Store;
  readonly #world: World;
  readonly #notes = new Map<string, WriteNote[]>();

  constructor(store: Store, world: World) {
    this.#store = store;
    this.#world = world;
  }

  /** What was tried at this key, oldest first; forgotten from now on. */
  take(key: string): readonly WriteNote[] {
    const notes = this.#notes.get(key) ?? [];
    this.#notes.delete(key);
    return notes;
  }

  async put(
    key: string,
    bytes: Uint8Array,
    content: ObjectContent,
    signal: AbortSignal,
  ): Promise<PutOutcome> {
    const { length } = bytes;
    const startedAtMs = this.#world.date();
    const startedMs = this.#world.now();
    const note = (outcome: WriteNote['outcome']): void => {
      this.#add(key, {
        startedAtMs,
        tookMs: this.#world.now() - startedMs,
        bytes: length,
        outcome,
      });
    };
    try {
      const outcome = await this.#store.put(key, bytes, content, signal);
      note(outcome);
      return outcome;
    } catch (error) {
      note(error instanceof StoreError ? error.kind : 'trouble');
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

  #add(key: string, note: WriteNote): void {
    const notes = this.#notes.get(key) ?? [];
    notes.push(note);
    if (notes.length > mostTries) notes.shift();
    this.#notes.set(key, notes);
    if (this.#notes.size <= mostKeys) return;
    for (const oldest of this.#notes.keys()) {
      this.#notes.delete(oldest);
      break;
    }
  }
}
