import { createHash } from 'node:crypto';
import { ParquetObject, rowGroupBytes } from '../parquet/write-object.ts';
import { type ByteSums, sumsOf } from '../store/byte-sums.ts';
import type { Codec } from '../store/store.ts';
import { Lines } from './lines.ts';
import { SyncCompressor } from './sync-compressor.ts';

/** Lines are hashed and compressed at so many, while the core has them near; Parquet needs more. */
const pieceBytes = 256 * 1024;
/** Buffers up to these sizes are kept for the next object; larger ones are let go. */
const keptLines = 8 * 1024 * 1024;
const keptOutput = 16 * 1024 * 1024;

let idleLines: Lines | undefined;
let idleOutput: Lines | undefined;

/** Makes the bytes of an object out of whole lines. */
interface Form {
  write(lines: Buffer): void;
  /** All bytes are in the output afterwards. */
  finish(): void;
}

/** What `finish` tells of an object. */
export interface WrittenObject {
  /** Owns its memory. */
  readonly bytes: Uint8Array;
  readonly contentBytes: number;
  readonly sha256: string;
  readonly sums: ByteSums;
}

/** Hashes and compresses the lines of one object. Only one may be at work on a thread at a time. */
export class ObjectWriter {
  /** Where the next batch's lines go. */
  readonly lines: Lines;
  readonly #output: Lines;
  readonly #form: Form | undefined;
  readonly #pieceBytes: number;
  readonly #hash = createHash('sha256');
  #contentBytes = 0;

  constructor(codec: Codec, level: number) {
    this.lines = idleLines ?? new Lines(2 * pieceBytes);
    this.#output = idleOutput ?? new Lines(4 * pieceBytes);
    idleLines = undefined;
    idleOutput = undefined;
    this.lines.length = 0;
    this.#output.length = 0;
    this.#form = formOf(codec, level, this.#output);
    this.#pieceBytes = codec === 'parquet' ? rowGroupBytes : pieceBytes;
  }

  /** To be called between batches. */
  flushFull(): void {
    if (this.lines.length >= this.#pieceBytes) this.#flush();
  }

  finish(): WrittenObject {
    this.#flush();
    this.#form?.finish();
    const bytes = new Uint8Array(this.#output.view);
    if (this.lines.bytes.length <= keptLines) idleLines = this.lines;
    if (this.#output.bytes.length <= keptOutput) idleOutput = this.#output;
    const sha256 = this.#hash.digest('hex');
    return { bytes, contentBytes: this.#contentBytes, sha256, sums: sumsOf(bytes) };
  }

  #flush(): void {
    const { view } = this.lines;
    this.#hash.update(view);
    this.#contentBytes += view.length;
    if (this.#form === undefined) this.#output.appendAll(view);
    else this.#form.write(view);
    this.lines.length = 0;
  }
}

function formOf(codec: Codec, level: number, output: Lines): Form | undefined {
  if (codec === 'none') return undefined;
  if (codec === 'parquet') return new ParquetObject(level, output);
  return new SyncCompressor(codec, level, output);
}
