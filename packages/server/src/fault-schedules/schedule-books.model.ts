import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { codecOf } from '../object-key.ts';
import { verify } from '../reading/verify.ts';
import { MemoryStore } from '../store/memory.ts';
import type { MemoryBucket } from './memory-bucket.model.ts';
import type { Message } from './schedule-senders.model.ts';

interface StoredLine {
  readonly id: string;
  readonly weirtenant: string;
  readonly weirreceipt: string;
}

/** Everything that is wrong with a bucket, by the senders' own list and by `verify`. */
export async function wrongInBooks(
  bucket: MemoryBucket,
  messages: readonly Message[],
): Promise<string[]> {
  const wrong = wrongBySenders(linesIn(bucket), messages);
  wrong.push(...bucket.wrong);
  const store = new MemoryStore();
  for (const [key, { bytes }] of bucket.objects) store.objects.set(key, bytes);
  for await (const { kind, where, detail } of verify(
    { store, spool: [] },
    new AbortController().signal,
  )) {
    wrong.push(`verify: ${kind}: ${where}: ${detail}`);
  }
  return wrong;
}

/** Read without weir's own reader. */
function linesIn(bucket: MemoryBucket): Map<string, StoredLine[]> {
  const lines = new Map<string, StoredLine[]>();
  for (const [key, { bytes }] of bucket.objects) {
    if (key.startsWith('_')) continue;
    for (const text of contentOf(key, bytes).toString().trimEnd().split('\n')) {
      const line = JSON.parse(text) as StoredLine;
      lines.set(line.id, [...(lines.get(line.id) ?? []), line]);
    }
  }
  return lines;
}

function contentOf(key: string, bytes: Uint8Array): Buffer {
  const codec = codecOf(key);
  if (codec === 'zstd') return zstdDecompressSync(bytes);
  return codec === 'gzip' ? gunzipSync(bytes) : Buffer.from(bytes);
}

function wrongBySenders(
  stored: ReadonlyMap<string, readonly StoredLine[]>,
  messages: readonly Message[],
): string[] {
  const sent = new Set(messages.flatMap(({ ids, badIds }) => [...ids, ...badIds]));
  return [
    ...[...stored.keys()]
      .filter((id) => !sent.has(id))
      .map((id) => `never sent, yet stored: ${id}`),
    ...messages.flatMap((message) => [
      ...message.badIds.filter((id) => stored.has(id)).map((id) => `rejected, yet stored: ${id}`),
      ...message.ids.flatMap((id) => wrongOfEvent(id, stored.get(id) ?? [], message)),
    ]),
  ];
}

function wrongOfEvent(id: string, lines: readonly StoredLine[], message: Message): string[] {
  const { fate, tenant, receipt = '' } = message;
  const isAnswered = fate === 'acked' || fate === 'unknown';
  const isElsewhere = lines.some(
    ({ weirtenant, weirreceipt }) =>
      weirtenant !== tenant || (fate === 'acked' && weirreceipt !== receipt),
  );
  return [
    ...(isAnswered ? [] : [`never answered: ${id}`]),
    ...(lines.length > 1 ? [`stored ${lines.length} times: ${id} ${receipt}`] : []),
    ...(lines.length === 0 && fate === 'acked' ? [`lost: ${id} ${receipt}`] : []),
    ...(isElsewhere ? [`under another tenant or receipt than ${tenant} ${receipt}: ${id}`] : []),
  ];
}
