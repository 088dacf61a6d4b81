import zlib from 'node:zlib';
import type { Refusal } from '@weir/core/wire/refusal';

export interface DecodeBounds {
  /** Most bytes after decompression; more is `too_large`. */
  readonly decodedBytes: number;
  /** Bytes of room that are held already. */
  readonly heldBytes: number;
  /** Asked before more than that is kept; false refuses with `over_capacity`. */
  readonly grow: (bytes: number) => boolean;
}

type Options = zlib.ZlibOptions & zlib.BrotliOptions & zlib.ZstdOptions;

/** How one content coding is undone: all at once on this thread, or in steps in the thread pool. */
interface Codec {
  readonly decode: (wire: Buffer, options: Options) => Buffer;
  readonly stream: (options: Options) => Decoder;
}

type Decoder =
  | zlib.Gunzip
  | zlib.Inflate
  | zlib.InflateRaw
  | zlib.BrotliDecompress
  | zlib.ZstdDecompress;

/** How a body is encoded; `identity` is not at all. */
export interface Coding {
  readonly name: 'identity' | 'gzip' | 'deflate' | 'br' | 'zstd';
}

const identity: Coding = { name: 'identity' };
const codings: ReadonlyMap<string, Coding> = new Map<string, Coding>([
  ['identity', identity],
  ['', identity],
  ['gzip', { name: 'gzip' }],
  ['x-gzip', { name: 'gzip' }],
  ['deflate', { name: 'deflate' }],
  ['br', { name: 'br' }],
  ['zstd', { name: 'zstd' }],
]);

/** What weir can undo, as the `Accept-Encoding` of a 415 has it. */
export const acceptedEncodings: string = 'gzip, deflate, br, zstd';

/** Up to this size on the wire a trip through the thread pool costs more than it saves. */
const maxWireAtOnce = 16 * 1024;
const maxDecodedAtOnce = 1024 * 1024;
const stepBytes = 64 * 1024;

const gzip: Codec = { decode: zlib.gunzipSync, stream: zlib.createGunzip };
const inflate: Codec = { decode: zlib.inflateSync, stream: zlib.createInflate };
const inflateRaw: Codec = { decode: zlib.inflateRawSync, stream: zlib.createInflateRaw };
const brotli: Codec = { decode: zlib.brotliDecompressSync, stream: zlib.createBrotliDecompress };
const zstd: Codec = { decode: zlib.zstdDecompressSync, stream: zlib.createZstdDecompress };

/** Reads Content-Encoding. */
export function contentCoding(contentEncoding: string | undefined): Coding | Refusal {
  if (contentEncoding === undefined) return identity;
  const coding = codings.get(contentEncoding.trim().toLowerCase());
  if (coding !== undefined) return coding;
  const given = JSON.stringify(contentEncoding.slice(0, 40));
  return {
    refused: 'unsupported_encoding',
    detail: `Content-Encoding: expected one of ${acceptedEncodings}, got ${given}`,
    members: { accepted: acceptedEncodings.split(', ') },
  };
}

/**
 * The body as its sender meant it. At no time is more kept than `decodedBytes` and a step, nor more
 * than there is room for; a body that is damaged, cut off or followed by anything is refused.
 * A small body is decoded before this returns, so that it costs no turn of the event loop.
 */
export function decodeBody(
  wire: Buffer,
  { name }: Coding,
  bounds: DecodeBounds,
): Buffer | Refusal | Promise<Buffer | Refusal> {
  if (name === 'identity') return wire;
  if (wire.length === 0) return badEncoding(name, 'the body is empty');
  const work: Work = { wire, name, codec: codecFor(name, wire), bounds };
  return (wire.length <= maxWireAtOnce ? decodeAtOnce(work) : undefined) ?? decodeInSteps(work);
}

interface Work {
  readonly wire: Buffer;
  readonly name: Coding['name'];
  readonly codec: Codec;
  readonly bounds: DecodeBounds;
}

function codecFor(name: Coding['name'], wire: Buffer): Codec {
  switch (name) {
    case 'br':
      return brotli;
    case 'zstd':
      return zstd;
    case 'deflate':
      return hasZlibHeader(wire) ? inflate : inflateRaw;
    default:
      return gzip;
  }
}

/** `deflate` means zlib's format, but for years some senders left its frame away. */
function hasZlibHeader(wire: Buffer): boolean {
  const [first = 0, second = 0] = wire;
  return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0;
}

function options(name: Coding['name']): Options {
  // A zstd frame may ask for 128 MiB of memory; RFC 9659 allows 8 MiB on the web.
  const params = { [zlib.constants.ZSTD_d_windowLogMax]: 23 };
  return name === 'zstd' ? { chunkSize: stepBytes, params } : { chunkSize: stepBytes };
}

/** undefined where the output is too long to be made on this thread. */
function decodeAtOnce({ wire, name, codec, bounds }: Work): Buffer | Refusal | undefined {
  let decoded: { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };
  try {
    const maxOutputLength = Math.min(maxDecodedAtOnce, bounds.decodedBytes);
    // With `info` it returns its engine as well, which Node's types leave out.
    decoded = codec.decode(wire, {
      ...options(name),
      maxOutputLength,
      info: true,
    }) as unknown as typeof decoded;
  } catch (error) {
    return isTooLong(error) ? undefined : badEncoding(name, reasonOf(error));
  }
  const { buffer, engine } = decoded;
  const junk = wire.length - engine.bytesWritten;
  if (junk > 0) return trailing(name, junk);
  const more = buffer.length - bounds.heldBytes;
  return more > 0 && !bounds.grow(more) ? noRoom(buffer.length) : buffer;
}

async function decodeInSteps({ wire, name, codec, bounds }: Work): Promise<Buffer | Refusal> {
  const decoder = codec.stream(options(name));
  const pieces: Buffer[] = [];
  let bytes = 0;
  let held = bounds.heldBytes;
  try {
    decoder.end(wire);
    for await (const piece of decoder as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > bounds.decodedBytes) return tooLarge(bounds.decodedBytes);
      if (bytes > held) {
        if (!bounds.grow(bytes - held)) return noRoom(bytes);
        held = bytes;
      }
      pieces.push(piece);
    }
  } catch (error) {
    return badEncoding(name, reasonOf(error));
  } finally {
    decoder.destroy();
  }
  const junk = wire.length - decoder.bytesWritten;
  return junk > 0 ? trailing(name, junk) : join(pieces, bytes);
}

/** One buffer of all pieces; each is freed as soon as it is copied, not when the GC gets to it. */
function join(pieces: readonly Buffer[], bytes: number): Buffer {
  if (pieces.length === 1) return pieces[0] as Buffer;
  const whole = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const [index, piece] of pieces.entries()) {
    at += piece.copy(whole, at);
    const memory = piece.buffer as ArrayBuffer;
    if (pieces[index + 1]?.buffer !== memory) memory.transfer(0);
  }
  return whole;
}

function isTooLong(error: unknown): boolean {
  return (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE';
}

/** zlib's own words; they never quote the data. */
function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  return code === 'Z_BUF_ERROR' ? 'it ends too early' : `${message} (${code})`;
}

function badEncoding(name: string, reason: string): Refusal {
  return { refused: 'bad_encoding', detail: `body: expected ${name}: ${reason}` };
}

function trailing(name: string, bytes: number): Refusal {
  return badEncoding(name, `${bytes} bytes follow its end`);
}

function tooLarge(mostBytes: number): Refusal {
  return {
    refused: 'too_large',
    detail: `body: expected at most ${mostBytes} bytes once decompressed, got more`,
    members: { limit: mostBytes },
  };
}

function noRoom(bytes: number): Refusal {
  return {
    refused: 'over_capacity',
    detail: `no room in the spool for a body of more than ${bytes} bytes`,
    retryAfterMs: 1_000,
  };
}
