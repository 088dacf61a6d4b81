import type { Governor } from './governor.ts';
import { type Store, StoreError } from './store.ts';
import { withPut } from './with-put.ts';

/**
 * The same store; writes wait for their turn and for the store to work, however long that takes.
 * Reads do not wait: while the store is out of order they fail at once.
 */
export function governedStore(store: Store, governor: Governor): Store {
  const put: Store['put'] = (key, bytes, content, signal) =>
    governor.run(bytes.length, signal, () => store.put(key, bytes, content, signal));
  return withPut(store, put, () => {
    const { stopped } = governor.status();
    if (stopped !== undefined) throw new StoreError('trouble', stopped);
  });
}
