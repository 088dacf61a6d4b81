import type { Store } from './store.ts';

/**
 * The same store but for how objects are put. What is read or removed goes on as it is, once `check`,
 * where it is given, has not thrown.
 */
export function withPut(store: Store, put: Store['put'], check = (): void => {}): Store {
  return {
    put,
    async get(key, signal) {
      check();
      return await store.get(key, signal);
    },
    async *list(prefix, signal) {
      check();
      yield* store.list(prefix, signal);
    },
    async remove(key, signal) {
      check();
      await store.remove(key, signal);
    },
  };
}
