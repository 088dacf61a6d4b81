import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';

/** How often each event id stands in the objects of a directory store. Reads the files themselves. */
export async function storedIds(storeDir: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const file of await readdir(storeDir, { recursive: true })) {
    if (!file.endsWith('.ndjson.zst')) continue;
    const lines = zstdDecompressSync(await readFile(join(storeDir, file)))
      .toString()
      .split('\n');
    for (const line of lines) {
      if (line === '') continue;
      const { id } = JSON.parse(line) as { id: string };
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  return counts;
}

export interface Books {
  readonly lost: string[];
  readonly doubled: string[];
  /** Stored although the answer was a refusal. */
  readonly unwanted: string[];
}

/** Holds what the senders were told against what is stored. All three lists must be empty. */
export function compare(
  senders: {
    readonly acknowledged: ReadonlySet<string>;
    readonly refused: ReadonlySet<string>;
  },
  stored: ReadonlyMap<string, number>,
): Books {
  return {
    lost: [...senders.acknowledged].filter((id) => !stored.has(id)),
    doubled: [...stored].filter(([, count]) => count > 1).map(([id]) => id),
    unwanted: [...senders.refused].filter((id) => stored.has(id) && !senders.acknowledged.has(id)),
  };
}
