import { readCut, settleSegment } from '@weir/segment-log/cut';
import type { Files } from '@weir/segment-log/files';
import { recover, secretOf } from '@weir/segment-log/recover';
import { decodeHeader } from './segment-header.ts';
import type { SegmentName } from './segment-store.ts';
import { placeOf, type SegmentPlace, segmentOf } from './spool-directory.ts';

/** A segment of a writer that died. */
export interface RecoveredSegment extends SegmentName {
  /** Something of it was durable and is no longer what it was. */
  readonly isDamaged: boolean;
  readonly path: string;
  /** Its batches, as far as they can be read. */
  readonly records: readonly Uint8Array[];
  /** So many of them lie before any damage: each one's ordinal is its index. */
  readonly placed: number;
}

/** The segments in a writer's directory, oldest first. */
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
 * in this order. undefined where nothing was ever in it, not even a header; then it is removed. A
 * damaged one is left as it is. Throws `NewerFormat`. The caller holds the writer's lock.
 */
export async function recoverSegment(
  files: Files,
  root: string,
  name: SegmentName,
): Promise<RecoveredSegment | undefined> {
  const place = placeOf(root, name);
  const isSealed = (await files.list(place.directory)).includes(`${name.segment}.seg`);
  const path = isSealed ? place.sealedPath : place.segmentPath;
  const bytes = await files.read(path);
  const cutBytes = await cutOf(files, place, bytes);
  // What was remembered as the place of the cut was durable, as is all of a sealed segment.
  const durableBytes = isSealed || cutBytes < Infinity ? cutBytes : 0;
  const found = recover(bytes, { cutBytes, durableBytes });
  // What was read may lie in memory alone, where another process wrote it and was killed. So it is
  // settled even where nothing is cut: a segment must never change once it is delivered.
  const { verdict, header, records, placed } = found;
  if (header !== undefined) decodeHeader(header);
  if (verdict === 'corrupt') return { ...name, isDamaged: true, path, records, placed };
  if (header === undefined) {
    await files.unlink(path);
    return undefined;
  }
  await settleSegment(files, path, bytes, found);
  if (!isSealed) {
    await files.rename(path, place.sealedPath);
    await files.syncDirectory(place.directory);
  }
  return { ...name, isDamaged: false, path: place.sealedPath, records, placed };
}

async function cutOf(files: Files, place: SegmentPlace, bytes: Uint8Array): Promise<number> {
  const secret = secretOf(bytes);
  return secret === undefined ? Infinity : readCut(files, place.cutPath, secret);
}
