import { createHash } from 'node:crypto';
import type { World } from '@weir/core/world/world';
import { probePrefix } from '../object-key.ts';
import { type ObjectContent, type PutOutcome, type Store, StoreError } from './store.ts';

/** What a look at a store found. */
export interface StoreCheck {
  /** What keeps it from being used, each in a sentence that says what to do. */
  readonly problems: readonly string[];
  /** Whether it never replaces an object; undefined where that could not be found out. */
  readonly keepsFirst: boolean | undefined;
}

/**
 * Finds out what a store can do, with an object of its own that it removes again. Always the same
 * one: where it may not be removed, it is the only one that stays behind.
 */
export class StoreProbe {
  readonly #store: Store;
  readonly #key: string;

  constructor(store: Store, world: World) {
    this.#store = store;
    this.#key = `${probePrefix}${Buffer.from(world.randomBytes(10)).toString('hex')}`;
  }

  /** Whether objects can be written at all; rejects with `StoreError` where they cannot. */
  async write(signal: AbortSignal): Promise<void> {
    await this.#put('first', signal);
    await this.#store.remove(this.#key, signal).catch(ifRefused);
  }

  /** All that delivering and verifying need. Rejects only when `signal` ends. */
  async check(signal: AbortSignal): Promise<StoreCheck> {
    const problems: string[] = [];
    const step = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await work();
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof StoreError)) throw error;
        problems.push(error.message);
        return undefined;
      }
    };
    const first = await step(() => this.#put('first', signal));
    if (first === undefined) return { problems, keepsFirst: undefined };
    const second = await step(() => this.#put('second', signal));
    await step(() => this.#read(second === 'created' ? 'second' : 'first', signal));
    await step(() => this.#list(signal));
    await step(() => this.#store.remove(this.#key, signal));
    return { problems, keepsFirst: second === undefined ? undefined : second === 'different' };
  }

  async #put(text: string, signal: AbortSignal): Promise<PutOutcome> {
    return await this.#store.put(this.#key, Buffer.from(text), contentOf(text), signal);
  }

  async #read(expected: string, signal: AbortSignal): Promise<void> {
    const bytes = await this.#store.get(this.#key, signal);
    if (bytes !== undefined && Buffer.from(bytes).toString() === expected) return;
    throw new StoreError('trouble', `the store does not give back what was put at ${this.#key}`);
  }

  async #list(signal: AbortSignal): Promise<void> {
    for await (const { key } of this.#store.list(this.#key, signal)) {
      if (key === this.#key) return;
    }
    throw new StoreError('trouble', `the store does not list ${this.#key}, which was put there`);
  }
}

function contentOf(text: string): ObjectContent {
  const contentSha256 = createHash('sha256').update(text).digest('hex');
  return { contentSha256, contentBytes: text.length, codec: 'none' };
}

/** What was written stays there; that is for `check` to tell. */
function ifRefused(error: unknown): void {
  if (!(error instanceof StoreError) || error.kind !== 'refused') throw error;
}
