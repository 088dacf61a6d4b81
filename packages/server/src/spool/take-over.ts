import { readCut, truncateDurably } from '@weir/segment-log/cut';
import type { Files } from '@weir/segment-log/files';
import { type Recovery, recover, secretOf } from '@weir/segment-log/recover';
import { decodeRecord, type StoredBatch } from './record.ts';
import { decodeHeader } from './segment-header.ts';
import type { SegmentName } from './segment-store.ts';
import { placeOf, type SegmentPlace, segmentOf } from './spool-directory.ts';

/** A segment of a writer that died. */
export interface RecoveredSegment extends SegmentName {
  /** `damaged`: something of it was durable and is no longer what it was. */
  readonly state: 'sealed' | 'damaged';
  readonly path: string;
  /** The batches that can be read. */
  readonly batches: readonly StoredBatch[];
}

/** The segments in a writer's directory, oldest first; the caller holds its lock. */
export async function segmentsIn(files: Files, directory: string): Promise<number[]> {
  const numbers = new Set<number>();
  for (const name of await files.list(directory)) {
    const found = segmentOf(name);
    if (found !== undefined) numbers.add(found.segment);
  }
  return [...numbers].sort((a, b) => a - b);
}

/**
 * Brings a segment to the state in which it is delivered: cut to what is good, durable and sealed,
 * in this order. undefined where there was nothing in it, not even a header: then it is removed.
 */
export async function recoverSegment(
  files: Files,
  root: string,
  name: SegmentName,
): Promise<RecoveredSegment | undefined> {
  const place = placeOf(root, name);
  const names = await files.list(place.directory);
  const sealed = names.includes(`${name.segment}.seg`);
  const path = sealed ? place.sealedPath : place.segmentPath;
  const bytes = await files.read(path);
  const found = recover(bytes, {
    cutBytes: await cutOf(files, place, bytes),
    durableBytes: sealed ? Infinity : 0,
  });
  const [header, ...records] = found.records;
  if (found.verdict === 'corrupt') {
    if (header !== undefined && found.end > 0) decodeHeader(header);
    if (!sealed) await files.rename(path, place.sealedPath);
    const batches = records.map(decodeRecord);
    return { ...name, state: 'damaged', path: place.sealedPath, batches };
  }
  if (header === undefined) {
    await files.unlink(path);
    return undefined;
  }
  decodeHeader(header);
  await settle(files, place, path, found);
  return { ...name, state: 'sealed', path: place.sealedPath, batches: records.map(decodeRecord) };
}

/**
 * What was read may lie in memory alone, where another process wrote it and was killed. So it is
 * synced even where nothing is cut: a segment must never change once it is delivered.
 */
async function settle(
  files: Files,
  place: SegmentPlace,
  path: string,
  { end }: Recovery,
): Promise<void> {
  await truncateDurably(files, path, end);
  await files.rename(path, place.sealedPath);
  await files.syncDirectory(place.directory);
}

async function cutOf(files: Files, place: SegmentPlace, bytes: Uint8Array): Promise<number> {
  const secret = secretOf(bytes);
  return secret === undefined ? Infinity : readCut(files, place.cutPath, secret);
}
