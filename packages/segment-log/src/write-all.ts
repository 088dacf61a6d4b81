import type { WritableFile } from './files.ts';

/** One call writes no more than this, so that no thread of libuv's pool is held for long. */
export const pieceBytes: number = 4 * 1024 * 1024;
/** Linux takes at most 1,024 parts a call. */
const pieceParts = 512;

/**
 * Writes all of `parts` from `position` on, durably, in pieces, and goes on after a short write.
 * `done` is called once; after an error, bytes up to an unknown point are on disk.
 */
export function writeAll(
  file: WritableFile,
  parts: readonly Uint8Array[],
  position: number,
  done: (error: Error | null) => void,
): void {
  let rest = parts;
  let at = position;
  const next = () => {
    const piece = firstPiece(rest);
    file.commit(piece, at, (error, bytes) => {
      if (error !== null) return done(error);
      if (bytes <= 0) return done(new Error('the file system wrote nothing and gave no reason'));
      at += bytes;
      rest = dropBytes(rest, bytes);
      if (rest.length === 0) done(null);
      else next();
    });
  };
  next();
}

/** As much from the front as one call may write. */
function firstPiece(parts: readonly Uint8Array[]): readonly Uint8Array[] {
  let room = pieceBytes;
  let count = 0;
  for (const part of parts) {
    if (part.length > room || count === pieceParts) break;
    room -= part.length;
    count += 1;
  }
  if (count === parts.length) return parts;
  if (count > 0) return parts.slice(0, count);
  return [(parts[0] as Uint8Array).subarray(0, pieceBytes)];
}

/** What is left of `parts` once their first `bytes` bytes are written. */
function dropBytes(parts: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let left = bytes;
  for (const [i, part] of parts.entries()) {
    if (left < part.length) return [part.subarray(left), ...parts.slice(i + 1)];
    left -= part.length;
  }
  return [];
}

/** Writes `bytes` at `position` of a new file, durably; its name is so after `syncDirectory`. */
export async function writeDurably(
  file: WritableFile,
  bytes: Uint8Array,
  position = 0,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    writeAll(file, [bytes], position, (error) => (error === null ? resolve() : reject(error)));
  });
  await file.sync();
}

/** Writes a small file whole, durably but for its name, and lets go of it. */
export async function writeOnce(file: WritableFile, bytes: Uint8Array): Promise<void> {
  try {
    await writeDurably(file, bytes);
  } finally {
    await file.close();
  }
}
