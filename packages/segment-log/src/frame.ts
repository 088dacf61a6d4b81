import { crc32 } from 'node:zlib';

// Layout, little-endian:
//   preamble: "weirseg1" | u8 format | 3 zero bytes | u32 mark | u32 seed | u32 CRC of these 20
//   record:     u32 mark | u32 CRC of the rest | u32 length, above 0 | payload
//   checkpoint: u32 mark | u32 CRC of the rest | u32 0 | u64 durable offset
// Mark and seed are random for each segment, so nobody can forge a frame inside a payload. A
// checkpoint opens each commit and tells how much of the file was known to be durable then.

const magic = Buffer.from('weirseg1', 'latin1');
/** The format this code writes. Older ones are read, newer ones refused. */
export const format = 1;
export const preambleBytes = 24;
export const frameBytes = 12;
export const checkpointBytes: number = frameBytes + 8;
/** Random bytes a preamble is made of. */
export const secretBytes = 8;

/** What tells the frames of one segment from all other bytes. */
export interface Secret {
  readonly mark: number;
  readonly seed: number;
}

/** A segment that a newer version wrote: it must be left as it is. */
export class NewerFormat extends Error {
  override readonly name = 'NewerFormat';

  constructor(found: number) {
    super(
      `segment format ${found} is newer than this weir understands (${format}): start the version that wrote it`,
    );
  }
}

function encodePreamble(random: Uint8Array): Buffer {
  const bytes = Buffer.alloc(preambleBytes);
  magic.copy(bytes);
  bytes[8] = format;
  bytes.set(random.subarray(0, secretBytes), 12);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 20)), 20);
  return bytes;
}

/** undefined where the bytes are no preamble, whole and intact; throws `NewerFormat`. */
export function decodePreamble(bytes: Buffer): Secret | undefined {
  if (bytes.length < preambleBytes || !bytes.subarray(0, 8).equals(magic)) return undefined;
  if (bytes.readUInt32LE(20) !== crc32(bytes.subarray(0, 20))) return undefined;
  const found = bytes[8] as number;
  if (found > format) throw new NewerFormat(found);
  return { mark: bytes.readUInt32LE(12), seed: bytes.readUInt32LE(16) };
}

/** What a segment begins with: its preamble and `header` as its first record. */
export function encodeHead(
  random: Uint8Array,
  header: Uint8Array,
): { readonly bytes: Buffer; readonly secret: Secret } {
  const bytes = Buffer.alloc(preambleBytes + frameBytes + header.length);
  const preamble = encodePreamble(random);
  const secret = { mark: preamble.readUInt32LE(12), seed: preamble.readUInt32LE(16) };
  bytes.set(preamble);
  bytes.set(header, preambleBytes + frameBytes);
  sealRecord(bytes, preambleBytes, bytes.length, secret);
  return { bytes, secret };
}

/** Closes the frame in `target` from `at` to `end`, whose payload is in place, with its head. */
export function sealRecord(target: Buffer, at: number, end: number, secret: Secret): void {
  target.writeUInt32LE(end - at - frameBytes, at + 8);
  target.writeUInt32LE(secret.mark, at);
  target.writeUInt32LE(crc32(target.subarray(at + 8, end), secret.seed), at + 4);
}

/** The same for a payload whose second part lies elsewhere. */
export function sealSplitRecord(
  target: Buffer,
  span: { readonly at: number; readonly end: number },
  rest: Uint8Array,
  secret: Secret,
): void {
  const { at, end } = span;
  target.writeUInt32LE(end - at - frameBytes + rest.length, at + 8);
  target.writeUInt32LE(secret.mark, at);
  const first = crc32(target.subarray(at + 8, end), secret.seed);
  target.writeUInt32LE(crc32(rest, first), at + 4);
}

export function writeCheckpoint(target: Buffer, at: number, durable: number, secret: Secret): void {
  target.writeUInt32LE(secret.mark, at);
  target.writeUInt32LE(0, at + 8);
  writeU64(target, durable, at + 12);
  target.writeUInt32LE(crc32(target.subarray(at + 8, at + checkpointBytes), secret.seed), at + 4);
}

/** One frame as found: a record's payload lies from `from` to `end`, a checkpoint has none. */
export interface Frame {
  readonly from: number;
  readonly end: number;
  /** Set for a checkpoint: this much was durable when it was written. */
  readonly durable: number | undefined;
}

/** The frame that begins at `at`; undefined where there is none, whole and intact. */
export function frameAt(bytes: Buffer, at: number, secret: Secret): Frame | undefined {
  if (at + frameBytes > bytes.length || bytes.readUInt32LE(at) !== secret.mark) return undefined;
  const length = bytes.readUInt32LE(at + 8);
  const end = at + (length === 0 ? checkpointBytes : frameBytes + length);
  if (end > bytes.length) return undefined;
  if (crc32(bytes.subarray(at + 8, end), secret.seed) !== bytes.readUInt32LE(at + 4)) {
    return undefined;
  }
  const durable = length === 0 ? readU64(bytes, at + 12) : undefined;
  return { from: at + frameBytes, end, durable };
}

/** Offsets stay below 2^53, so that a number holds them exactly. */
export function writeU64(target: Buffer, value: number, at: number): void {
  target.writeUInt32LE(value % 2 ** 32, at);
  target.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
}

export function readU64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}
