import { createHash } from 'node:crypto';
import type { PutOutcome, Store } from '../store/store.ts';

/** Creates a small object that is stored as it is: a manifest, or a note beside a dead letter. */
export async function putPlain(
  store: Store,
  key: string,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<PutOutcome> {
  const contentSha256 = createHash('sha256').update(bytes).digest('hex');
  const content = { contentSha256, contentBytes: bytes.length, codec: 'none' } as const;
  return await store.put(key, bytes, content, signal);
}
