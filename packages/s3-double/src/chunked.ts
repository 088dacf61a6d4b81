import { createHash, type Hash } from 'node:crypto';
import { ByteReader } from './byte-reader.ts';
import { S3Error } from './errors.ts';
import type { Verified } from './sigv4.ts';

/** How a body of the encoding `aws-chunked` is framed, as `x-amz-content-sha256` names it. */
export interface ChunkFraming {
  readonly isSigned: boolean;
  /** Names announced in `x-amz-trailer`; those and no others must follow the last chunk. */
  readonly trailers: readonly string[];
}

const maxLineBytes = 1024;
const maxTrailers = 16;
/** Only the last chunk may be smaller. */
const minChunkBytes = 8192;
const emptySha256 = createHash('sha256').digest('hex');

/**
 * Takes the framing of `aws-chunked` off a body and verifies the signature of each chunk where
 * there is one. `trailers` is whole once `content` has been read to its end.
 */
export class ChunkedBody {
  readonly trailers: Map<string, string> = new Map();
  readonly #reader: ByteReader;
  readonly #framing: ChunkFraming;
  readonly #verified: Verified;
  #signature: string;

  constructor(source: AsyncIterable<Buffer>, framing: ChunkFraming, verified: Verified) {
    this.#reader = new ByteReader(source);
    this.#framing = framing;
    this.#verified = verified;
    this.#signature = verified.signature;
  }

  /** What was framed. Throws `S3Error` where framing, signatures or trailers are not right. */
  async *content(): AsyncGenerator<Buffer, void, void> {
    try {
      yield* this.#chunks();
      await this.#readTrailers();
      if (!(await this.#reader.isAtEnd())) throw new S3Error('IncompleteBody');
    } finally {
      await this.#reader.close();
    }
  }

  async *#chunks(): AsyncGenerator<Buffer, void, void> {
    for (let before = minChunkBytes; ; ) {
      const { length, signature } = await this.#chunkHead();
      if (length > 0 && before < minChunkBytes) {
        throw new S3Error('InvalidChunkSizeError', { details: { BadChunkSize: before } });
      }
      const hash = createHash('sha256');
      if (length > 0) yield* this.#chunk(length, hash);
      this.#checkChunk(hash, signature);
      if (length === 0) return;
      before = length;
    }
  }

  async #chunkHead(): Promise<{ length: number; signature: string }> {
    const line = await this.#reader.line(maxLineBytes);
    const form = /^([0-9a-f]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/i;
    const [, size, signature = ''] = form.exec(line ?? '') ?? [];
    if (size === undefined || (signature !== '') !== this.#framing.isSigned) {
      throw new S3Error('IncompleteBody', { message: 'The chunk is not framed as announced' });
    }
    return { length: Number.parseInt(size, 16), signature };
  }

  async *#chunk(length: number, hash: Hash): AsyncGenerator<Buffer, void, void> {
    let read = 0;
    for await (const piece of this.#reader.bytes(length)) {
      read += piece.length;
      if (this.#framing.isSigned) hash.update(piece);
      yield piece;
    }
    if (read < length || (await this.#reader.line(0)) !== '') throw new S3Error('IncompleteBody');
  }

  #checkChunk(hash: Hash, signature: string): void {
    if (!this.#framing.isSigned) return;
    const { date, scope, sign } = this.#verified;
    const digest = hash.digest('hex');
    const parts = [date, scope, this.#signature, emptySha256, digest];
    this.#signature = sign(['AWS4-HMAC-SHA256-PAYLOAD', ...parts].join('\n'));
    if (this.#signature !== signature) throw new S3Error('SignatureDoesNotMatch');
  }

  /** The lines after the last chunk, up to an empty one. */
  async #readTrailers(): Promise<void> {
    const lines = await this.#trailerLines();
    let signed = '';
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).trim().toLowerCase();
      const value = line.slice(colon + 1).trim();
      if (colon < 1) throw new S3Error('MalformedTrailerError');
      if (name === 'x-amz-trailer-signature') {
        this.#checkTrailers(signed, value);
        signed = '';
        continue;
      }
      this.trailers.set(name, value);
      signed += `${name}:${value}\n`;
    }
    const { isSigned, trailers } = this.#framing;
    const isUnsigned = isSigned && signed !== '';
    const given = [...this.trailers.keys()].sort().join();
    if (isUnsigned || given !== trailers.toSorted().join()) {
      throw new S3Error('MalformedTrailerError');
    }
  }

  async #trailerLines(): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.#reader.line(maxLineBytes);
      if (line === '') return lines;
      if (line === undefined || lines.push(line) > maxTrailers) {
        throw new S3Error('MalformedTrailerError');
      }
    }
  }

  #checkTrailers(lines: string, signature: string): void {
    const { date, scope, sign } = this.#verified;
    const digest = createHash('sha256').update(lines).digest('hex');
    const text = ['AWS4-HMAC-SHA256-TRAILER', date, scope, this.#signature, digest].join('\n');
    if (!this.#framing.isSigned || sign(text) !== signature) {
      throw new S3Error('SignatureDoesNotMatch');
    }
  }
}
