import { createHash } from 'node:crypto';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { linesInParquet } from '../parquet/read-object.ts';
import type { Codec } from './store.ts';

/** Decompressed pieces are of this size: the main thread is never held up for long. */
const chunkSize = 64 * 1024;
const newline = 0x0a;

/** An object that is no longer what was put. */
export class ContentDamaged extends Error {
  override readonly name = 'ContentDamaged';
}

/**
 * The lines of an object, made out of it piece by piece, so that memory stays small whatever the
 * object claims to hold. Throws `ContentDamaged` beyond `maxBytes`, and where the bytes cannot be
 * decompressed.
 */
export async function* contentOf(
  bytes: Uint8Array,
  codec: Codec,
  maxBytes: number,
): AsyncGenerator<Buffer, void, void> {
  let length = 0;
  for await (const piece of pieces(bytes, codec, maxBytes)) {
    length += piece.length;
    if (length > maxBytes) throw new ContentDamaged(`the content exceeds ${maxBytes} bytes`);
    yield piece;
  }
}

async function* pieces(
  bytes: Uint8Array,
  codec: Codec,
  maxBytes: number,
): AsyncGenerator<Buffer, void, void> {
  if (codec === 'none') {
    for (let at = 0; at < bytes.length; at += chunkSize) {
      yield Buffer.from(bytes.subarray(at, at + chunkSize));
    }
    return;
  }
  if (bytes.length === 0) throw new ContentDamaged('the object is empty');
  try {
    if (codec === 'parquet') yield* linesInParquet(bytes, maxBytes);
    else yield* decompressed(bytes, codec);
  } catch (error) {
    const how = codec === 'parquet' ? 'read as Parquet' : 'decompressed';
    throw new ContentDamaged(`the object cannot be ${how}`, { cause: error });
  }
}

async function* decompressed(
  bytes: Uint8Array,
  codec: 'zstd' | 'gzip',
): AsyncGenerator<Buffer, void, void> {
  const decompress =
    codec === 'zstd' ? createZstdDecompress({ chunkSize }) : createGunzip({ chunkSize });
  decompress.end(bytes);
  for await (const piece of decompress) yield piece as Buffer; // destroys it when left early
}

/**
 * The lines of a content without their ends, as many at a time as have come: a step for each would
 * cost more than reading it. Throws `ContentDamaged` where the last one does not end.
 */
export async function* splitLines(
  content: AsyncIterable<Buffer>,
): AsyncGenerator<readonly Buffer[], void, void> {
  const begun: Buffer[] = []; // a line whose end has not come yet
  for await (const piece of content) {
    const lines: Buffer[] = [];
    let from = 0;
    for (let end = piece.indexOf(newline); end !== -1; end = piece.indexOf(newline, from)) {
      const rest = piece.subarray(from, end);
      lines.push(begun.length === 0 ? rest : Buffer.concat([...begun.splice(0), rest]));
      from = end + 1;
    }
    if (from < piece.length) begun.push(piece.subarray(from));
    yield lines;
  }
  if (begun.length > 0) throw new ContentDamaged('the last line does not end');
}

/** Hex SHA-256 of what these bytes hold; undefined where it cannot be told, or is too much. */
export async function contentSha256(
  bytes: Uint8Array,
  codec: Codec,
  maxBytes: number,
): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const piece of contentOf(bytes, codec, maxBytes)) hash.update(piece);
  } catch (error) {
    if (error instanceof ContentDamaged) return undefined;
    throw error;
  }
  return hash.digest('hex');
}
