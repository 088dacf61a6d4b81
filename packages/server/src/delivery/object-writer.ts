import { createHash } from 'node:crypto';
import type { Codec } from '../store/store.ts';
import { Lines } from './lines.ts';
import { SyncCompressor } from './sync-compressor.ts';

/** Lines are hashed and compressed whenever this many have gathered, while the core has them near. */
const pieceBytes = 256 * 1024;
/** Buffers up to these sizes are kept for the next object; larger ones are let go. */
const keptLines = 4 * 1024 * 1024;
const keptOutput = 16 * 1024 * 1024;

let idleLines: Lines | undefined;
let idleOutput: Lines | undefined;

/** What `finish` tells of an object. */
export interface WrittenObject {
  /** Owns its memory. */
  readonly bytes: Uint8Array;
  readonly contentBytes: number;
  readonly sha256: string;
}

/** Hashes and compresses the lines of one object. Only one may be at work on a thread at a time. */
export class ObjectWriter {
  /** Where the next batch's lines go. */
  readonly lines: Lines;
  readonly #output: Lines;
  readonly #compressor: SyncCompressor | undefined;
  readonly #hash = createHash('sha256');
  #contentBytes = 0;

  constructor(codec: Codec, level: number) {
    this.lines = idleLines ?? new Lines(2 * pieceBytes);
    this.#output = idleOutput ?? new Lines(4 * pieceBytes);
    idleLines = undefined;
    idleOutput = undefined;
    this.lines.length = 0;
    this.#output.length = 0;
    if (codec !== 'none') this.#compressor = new SyncCompressor(codec, level, this.#output);
  }

  /** To be called between batches. */
  flushFull(): void {
    if (this.lines.length >= pieceBytes) this.#flush();
  }

  finish(): WrittenObject {
    this.#flush();
    this.#compressor?.finish();
    const bytes = new Uint8Array(this.#output.view);
    if (this.lines.bytes.length <= keptLines) idleLines = this.lines;
    if (this.#output.bytes.length <= keptOutput) idleOutput = this.#output;
    return { bytes, contentBytes: this.#contentBytes, sha256: this.#hash.digest('hex') };
  }

  #flush(): void {
    const { view } = this.lines;
    this.#hash.update(view);
    this.#contentBytes += view.length;
    if (this.#compressor === undefined) this.#output.appendAll(view);
    else this.#compressor.write(view);
    this.lines.length = 0;
  }
}
