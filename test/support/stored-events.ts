import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';

/** A line of an object, as its text stands there. */
export interface StoredLine {
  readonly object: string;
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** All lines of the objects of a directory store. Reads the files themselves. */
export async function storedLines(storeDir: string): Promise<StoredLine[]> {
  const found: StoredLine[] = [];
  for (const object of await readdir(storeDir, { recursive: true })) {
    if (!object.endsWith('.ndjson.zst')) continue;
    const content = zstdDecompressSync(await readFile(join(storeDir, object))).toString();
    const lines = content.split('\n').filter((text) => text !== '');
    for (const [index, text] of lines.entries()) found.push({ object, line: index + 1, text });
  }
  return found;
}

/** How often each event id stands in the objects of a directory store. */
export async function storedIds(storeDir: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { text } of await storedLines(storeDir)) {
    const { id } = JSON.parse(text) as { id: string };
    counts.set(id, (counts.get(id) ?? 0) + 1);
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
