import type { ObjectContent, PutOutcome, Store, StoredObject } from '@weir/server/store/store';
import type { Faults, SwitchableStore } from '@weir/server/store/switchable';

/** Every second call, by lot, fails, does its work and fails all the same, or is slow. */
export class FlakyStore implements Store {
  readonly #store: SwitchableStore;
  readonly #lot: () => number;
  #mended = false;

  constructor(store: SwitchableStore, lot: () => number) {
    this.#store = store;
    this.#lot = lot;
  }

  /** From now on all is as it should be. */
  mend(): void {
    this.#mended = true;
  }

  put(
    key: string,
    bytes: Uint8Array,
    content: ObjectContent,
    signal: AbortSignal,
  ): Promise<PutOutcome> {
    this.#draw();
    return this.#store.put(key, bytes, content, signal);
  }

  get(key: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    this.#draw();
    return this.#store.get(key, signal);
  }

  list(prefix: string, signal: AbortSignal): AsyncIterable<StoredObject> {
    this.#draw();
    return this.#store.list(prefix, signal);
  }

  remove(key: string, signal: AbortSignal): Promise<void> {
    this.#draw();
    return this.#store.remove(key, signal);
  }

  /** For the call that follows: the store reads its switches when it is called. */
  #draw(): void {
    this.#store.misbehave(this.#mended ? {} : faultsFor(this.#lot(), this.#lot()));
  }
}

function faultsFor(lot: number, howSlow: number): Partial<Faults> {
  if (lot < 0.2) return { trouble: 1 };
  if (lot < 0.35) return { lostReply: 1 };
  return lot < 0.5 ? { slowMs: 200 * howSlow } : {};
}
