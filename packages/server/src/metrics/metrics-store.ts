import type { Ms, World } from '@weir/core/world/world';
import { type Store, StoreError } from '../store/store.ts';
import { withPut } from '../store/with-put.ts';
import type { PutResult } from './metrics.ts';

/** Counts writes. */
export interface PutCounter {
  put(result: PutResult, bytes: number, tookMs: Ms): void;
}

/** The same store; every write is counted and timed. */
export function meteredStore(store: Store, metrics: PutCounter, world: World): Store {
  return withPut(store, async (key, bytes, content, signal) => {
    const startedMs = world.now();
    const count = (result: PutResult): void =>
      metrics.put(result, bytes.length, world.now() - startedMs);
    try {
      const outcome = await store.put(key, bytes, content, signal);
      count(outcome);
      return outcome;
    } catch (error) {
      count(outcomeOf(error));
      throw error;
    }
  });
}

function outcomeOf(error: unknown): PutResult {
  if (!(error instanceof StoreError)) return 'trouble';
  return error.pressure === 'congested' ? 'congested' : error.kind;
}
