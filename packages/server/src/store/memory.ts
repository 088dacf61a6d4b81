import { keyProblem } from '../object-key.ts';
import { contentSha256 } from './content.ts';
import {
  type ObjectContent,
  type PutOutcome,
  type Store,
  type StoredObject,
  StoreError,
} from './store.ts';

/** Objects in memory: for tests, which see at once what was stored. Grows without a bound. */
export class MemoryStore implements Store {
  readonly objects: Map<string, Uint8Array> = new Map();

  async put(
    key: string,
    bytes: Uint8Array,
    { contentSha256: expected, contentBytes, codec }: ObjectContent,
    signal: AbortSignal,
  ): Promise<PutOutcome> {
    signal.throwIfAborted();
    const problem = keyProblem(key);
    if (problem !== undefined) throw new StoreError('refused', `the key ${key} ${problem}`);
    const there = this.objects.get(key);
    if (there === undefined) {
      this.objects.set(key, Uint8Array.from(bytes));
      return 'created';
    }
    if (Buffer.compare(there, bytes) === 0) return 'same';
    const found = await contentSha256(there, codec, contentBytes);
    return found === expected ? 'same' : 'different';
  }

  async get(key: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    signal.throwIfAborted();
    return this.objects.get(key);
  }

  async *list(prefix: string, signal: AbortSignal): AsyncIterable<StoredObject> {
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix));
    const inOrder = keys.map((key) => Buffer.from(key)).sort(Buffer.compare);
    signal.throwIfAborted();
    for (const key of inOrder.map(String)) {
      const object = this.objects.get(key);
      if (object !== undefined) yield { key, bytes: object.length };
    }
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.objects.delete(key);
  }
}
