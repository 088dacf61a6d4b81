import { crc32 } from 'node:zlib';
import { codeOf, type Files } from './files.ts';
import { readU64, type Secret, writeU64 } from './frame.ts';
import { writeDurably, writeOnce } from './write-all.ts';

// Layout: "weircut1" | u32 mark | u32 seed of the segment it belongs to | u64 length | u32 CRC
const magic = Buffer.from('weircut1', 'latin1');
const cutBytes = 28;

/** A segment's files: its own, and the one that remembers where it must be cut. */
export interface CutPlace {
  readonly segmentPath: string;
  readonly cutPath: string;
  /** The directory both lie in. */
  readonly directory: string;
}

/**
 * Cuts a segment to `length`, durably, through a new descriptor. The length is remembered in a side
 * file first, so that recovery cuts where this could not. Rejects where the segment was not cut.
 */
export async function cutSegment(
  files: Files,
  place: CutPlace,
  secret: Secret,
  length: number,
): Promise<void> {
  // On a full disk there is no room for the side file, and the cut itself makes some: go on.
  await rememberCut(files, place, secret, length).catch(() => undefined);
  await truncateDurably(files, place.segmentPath, length);
}

async function truncateDurably(files: Files, path: string, length: number): Promise<void> {
  const file = await files.open(path);
  try {
    await file.truncate(length);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Makes a segment end at `end` and all of it durable, whatever was before. What is not known to be
 * durable is written once more: after an error the system may take pages for clean that it never
 * wrote, and a sync would pass over them.
 */
export async function settleSegment(
  files: Files,
  path: string,
  bytes: Uint8Array,
  { durable, end }: { readonly durable: number; readonly end: number },
): Promise<void> {
  const file = await files.open(path);
  try {
    if (durable < end) await writeDurably(file, bytes.subarray(durable, end), durable);
    await file.truncate(end);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function rememberCut(
  files: Files,
  { cutPath, directory }: CutPlace,
  { mark, seed }: Secret,
  length: number,
): Promise<void> {
  const bytes = Buffer.alloc(cutBytes);
  magic.copy(bytes);
  bytes.writeUInt32LE(mark, 8);
  bytes.writeUInt32LE(seed, 12);
  writeU64(bytes, length, 16);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 24)), 24);
  await writeOnce(await files.create(cutPath), bytes);
  await files.syncDirectory(directory);
}

/** Where this segment must be cut; Infinity where nothing was remembered for it. */
export async function readCut(files: Files, cutPath: string, secret: Secret): Promise<number> {
  const bytes = await readIfThere(files, cutPath);
  if (bytes === undefined || bytes.length !== cutBytes) return Infinity;
  const sound =
    bytes.subarray(0, 8).equals(magic) && bytes.readUInt32LE(24) === crc32(bytes.subarray(0, 24));
  const same = bytes.readUInt32LE(8) === secret.mark && bytes.readUInt32LE(12) === secret.seed;
  return sound && same ? readU64(bytes, 16) : Infinity;
}

async function readIfThere(files: Files, path: string): Promise<Buffer | undefined> {
  try {
    const bytes = await files.read(path);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
