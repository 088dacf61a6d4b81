import type { Governor } from './governor.ts';
import {
  type ObjectContent,
  type PutOutcome,
  type Store,
  type StoredObject,
  StoreError,
} from './store.ts';

/**
 * The same store; writes wait for their turn and for the store to work, however long that takes.
 * Reads do not wait: while the store is out of order they fail at once.
 */
export class GovernedStore implements Store {
  readonly #store: Store;
  readonly #governor: Governor;

  constructor(store: Store, governor: Governor) {
    this.#store = store;
    this.#governor = governor;
  }

  put(
    key: string,
    bytes: Uint8Array,
    content: ObjectContent,
    signal: AbortSignal,
  ): Promise<PutOutcome> {
    return this.#governor.run(bytes.length, signal, () =>
      this.#store.put(key, bytes, content, signal),
    );
  }

  async get(key: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    this.#failIfStopped();
    return await this.#store.get(key, signal);
  }

  async *list(prefix: string, signal: AbortSignal): AsyncIterable<StoredObject> {
    this.#failIfStopped();
    yield* this.#store.list(prefix, signal);
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    this.#failIfStopped();
    await this.#store.remove(key, signal);
  }

  #failIfStopped(): void {
    const { stopped } = this.#governor.status();
    if (stopped !== undefined) throw new StoreError('trouble', stopped);
  }
}
