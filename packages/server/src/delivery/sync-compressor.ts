import { constants, createGzip, createZstdCompress } from 'node:zlib';
import type { Codec } from '../store/store.ts';
import type { Lines } from './lines.ts';

/** What Node's zlib can make. */
export type Compression = Exclude<Codec, 'none' | 'parquet'>;

/** What lies beneath a compressing stream of Node, as far as it is used here. */
interface Handle {
  onerror: (message: string) => void;
  /** Takes `input[inAt, inAt + inLeft)` and writes to `output`; tells in the state what is left. */
  writeSync(
    ...call: [
      flush: number,
      input: Uint8Array,
      inAt: number,
      inLeft: number,
      output: Uint8Array,
      outAt: number,
      outLeft: number,
    ]
  ): void;
  close(): void;
}

interface Inside {
  readonly _handle: Handle;
  /** What the last call left of its output and of its input. */
  readonly _writeState: Uint32Array;
}

const finishing = { zstd: constants.ZSTD_e_end, gzip: constants.Z_FINISH } as const;
const more = { zstd: constants.ZSTD_e_continue, gzip: constants.Z_NO_FLUSH } as const;
/** Room that each call finds for its output. */
const roomBytes = 64 * 1024;

/**
 * Compresses piece by piece and at once, on the calling thread, into one zstd frame or gzip member.
 *
 * Node offers the one or the other: functions that want the whole content (which for tiny events is
 * ten times the segment), and streams that work in libuv's pool, which the spool's commits need. So
 * this drives the handle beneath the stream, as npm itself does to read packages. Node is pinned,
 * and a test compares what comes out with Node's own functions.
 */
export class SyncCompressor {
  readonly #codec: Compression;
  readonly #inside: Inside;
  readonly #output: Lines;
  #error: string | undefined;

  /** Appends to `output`. */
  constructor(codec: Compression, level: number, output: Lines) {
    this.#codec = codec;
    this.#inside = open(codec, level);
    this.#output = output;
    this.#inside._handle.onerror = (message) => {
      this.#error = message;
    };
  }

  write(piece: Buffer): void {
    this.#run(piece, more[this.#codec]);
  }

  /** Ends the frame and frees what it took; nothing may be written afterwards. */
  finish(): void {
    try {
      this.#run(Buffer.alloc(0), finishing[this.#codec]);
    } finally {
      this.#inside._handle.close();
    }
  }

  #run(piece: Buffer, flush: number): void {
    const { _handle: handle, _writeState: state } = this.#inside;
    const output = this.#output;
    let left = piece.length;
    do {
      output.reserve(roomBytes);
      const { bytes, length } = output;
      handle.writeSync(flush, piece, piece.length - left, left, bytes, length, roomBytes);
      if (this.#error !== undefined) throw new Error(`cannot compress: ${this.#error}`);
      output.length += roomBytes - (state[0] as number);
      left = state[1] as number;
    } while (left > 0 || state[0] === 0); // without room left there may be more to come
  }
}

function open(codec: Compression, level: number): Inside {
  const stream: unknown =
    codec === 'gzip'
      ? createGzip({ level }) // writes no time: equal lines, equal bytes
      : createZstdCompress({
          params: {
            [constants.ZSTD_c_compressionLevel]: level,
            [constants.ZSTD_c_checksumFlag]: 1,
          },
        });
  return stream as Inside;
}
