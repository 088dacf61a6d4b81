import zlib from 'node:zlib';
import { isRefusal, type Refusal } from '@weir/core/wire/refusal';

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
/** What the decoder may be ahead of what is kept. Its memory is the step's own, no shared pool. */
const stepBytes = 256 * 1024;

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
  const atOnce = wire.length <= maxWireAtOnce ? decodeAtOnce(work) : undefined;
  return atOnce ?? inTurn(() => decodeInSteps(work));
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

/** A zstd frame may ask for 128 MiB of memory; RFC 9659 allows it 8 MiB on the web. */
const zstdOptions: Options = { params: { [zlib.constants.ZSTD_d_windowLogMax]: 23 } };

function optionsFor(name: Coding['name']): Options {
  return name === 'zstd' ? zstdOptions : {};
}

/** undefined where the output is too long to be made on this thread. */
function decodeAtOnce({ wire, name, codec, bounds }: Work): Buffer | Refusal | undefined {
  let decoded: { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };
  try {
    const maxOutputLength = Math.min(maxDecodedAtOnce, bounds.decodedBytes);
    // With `info` it returns its engine as well, which Node's types leave out.
    decoded = codec.decode(wire, {
      ...optionsFor(name),
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

/**
 * Bodies decoded in steps at once, in the whole process: each may take `decodedBytes` of memory, however
 * short it came, and a thread of the pool in which the spool syncs. The others wait for their turn.
 */
const mostInSteps = 4;
const waiting: (() => void)[] = [];
let inSteps = 0;

async function inTurn<T>(decode: () => Promise<T>): Promise<T> {
  if (inSteps < mostInSteps) inSteps += 1;
  else await new Promise<void>((resolve) => void waiting.push(resolve)); // gets the turn of another
  try {
    return await decode();
  } finally {
    const next = waiting.shift();
    if (next === undefined) inSteps -= 1;
    else next();
  }
}

function decodeInSteps(work: Work): Promise<Buffer | Refusal> {
  const { wire, name, codec, bounds } = work;
  const decoder = codec.stream({ ...optionsFor(name), chunkSize: stepBytes });
  const kept = new Kept(bounds);
  return new Promise((resolve) => {
    const finish = (result: Buffer | Refusal): void => {
      decoder.destroy(); // ends the work in the thread pool as well; what follows is not heard
      if (isRefusal(result)) kept.drop();
      resolve(result);
    };
    // Not `for await`: that would join the steps that wait, and so copy them once more.
    decoder.on('data', (step: Buffer) => {
      const refusal = kept.add(step);
      if (refusal !== undefined) finish(refusal);
    });
    decoder.on('error', (error) => finish(badEncoding(name, reasonOf(error))));
    decoder.on('end', () => {
      const junk = wire.length - decoder.bytesWritten;
      finish(junk > 0 ? trailing(name, junk) : kept.join());
    });
    decoder.end(wire);
  });
}

/** What has been decoded so far, within its bounds. */
class Kept {
  readonly #bounds: DecodeBounds;
  readonly #steps: Buffer[] = [];
  #bytes = 0;
  #held: number;

  constructor(bounds: DecodeBounds) {
    this.#bounds = bounds;
    this.#held = bounds.heldBytes;
  }

  /** Keeps a step if it may; otherwise says why not. */
  add(step: Buffer): Refusal | undefined {
    const { decodedBytes, grow } = this.#bounds;
    const bytes = this.#bytes + step.length;
    if (bytes > decodedBytes) return tooLarge(decodedBytes);
    if (bytes > this.#held) {
      if (!grow(bytes - this.#held)) return noRoom(bytes);
      this.#held = bytes;
    }
    this.#bytes = bytes;
    this.#steps.push(step);
    return undefined;
  }

  /** One buffer of all steps. */
  join(): Buffer {
    const whole = Buffer.allocUnsafeSlow(this.#bytes);
    let at = 0;
    for (const [index, step] of this.#steps.entries()) {
      at += step.copy(whole, at);
      if (this.#steps[index + 1]?.buffer !== step.buffer) free(step);
    }
    return whole;
  }

  drop(): void {
    for (const step of this.#steps) free(step);
  }
}

/** At once, not when the garbage collector gets to it: the decoder has ended and writes no more. */
function free(step: Buffer): void {
  if (step.buffer.byteLength === stepBytes) (step.buffer as ArrayBuffer).transfer(0);
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
