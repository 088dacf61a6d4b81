import { createHash } from 'node:crypto';
import type { Codec } from '../store/store.ts';
import { compress } from './compress.ts';
import { Lines } from './lines.ts';

/**
 * Lines are compressed whenever this many bytes have gathered, so an object is one zstd frame (or
 * one member of gzip) unless its lines exceed this: tiny events grow tenfold on their way. Several
 * frames in a row are one stream to every reader.
 */
const frameBytes = 64 * 1024 * 1024;

/** What is kept from one object to the next; a larger buffer is let go. */
const keptBytes = 48 * 1024 * 1024;

let idle: Lines | undefined;

/** What `finish` tells of an object. */
export interface WrittenObject {
  readonly bytes: Uint8Array;
  readonly contentBytes: number;
  readonly sha256: string;
}

/** Compresses and hashes the lines of one object. Only one may be at work on a thread at a time. */
export class ObjectWriter {
  readonly lines: Lines;
  readonly #codec: Codec;
  readonly #level: number;
  readonly #hash = createHash('sha256');
  readonly #frames: Uint8Array[] = [];
  #contentBytes = 0;

  constructor(codec: Codec, level: number) {
    this.#codec = codec;
    this.#level = level;
    this.lines = idle ?? new Lines(64 * 1024);
    this.lines.length = 0;
    idle = undefined;
  }

  /** To be called between batches. */
  flushFull(): void {
    if (this.lines.length >= frameBytes) this.#flush();
  }

  /** Ends the object; the bytes own their memory. */
  finish(): WrittenObject {
    this.#flush();
    if (this.lines.bytes.length <= keptBytes) idle = this.lines;
    const [first] = this.#frames;
    const bytes =
      first !== undefined && this.#frames.length === 1
        ? first
        : new Uint8Array(Buffer.concat(this.#frames));
    return { bytes, contentBytes: this.#contentBytes, sha256: this.#hash.digest('hex') };
  }

  #flush(): void {
    const { lines } = this;
    if (lines.length === 0) return;
    this.#hash.update(lines.view);
    this.#frames.push(compress(lines.view, this.#codec, this.#level));
    this.#contentBytes += lines.length;
    lines.length = 0;
  }
}
