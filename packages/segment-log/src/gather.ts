import type { BufferPool } from './buffer-pool.ts';
import {
  checkpointBytes,
  frameBytes,
  type Secret,
  sealRecord,
  sealSplitRecord,
  writeCheckpoint,
} from './frame.ts';

/** A body up to this size is copied; a larger one is written from where it lies. */
export const copiedBytes: number = 64 * 1024;

/**
 * The records that will reach the disk together, as frames. They lie one after the other in
 * buffers of a pool; a large body is a part of its own, between two views of such a buffer.
 */
export class Gather {
  readonly committed: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
  /** Length of all its frames. */
  bytes: number = checkpointBytes;
  records = 0;
  readonly #pool: BufferPool;
  readonly #secret: Secret;
  readonly #taken: Buffer[] = [];
  readonly #parts: Uint8Array[] = [];
  readonly #first: Buffer;
  #buffer: Buffer;
  /** What of the buffer is in `#parts` already, and what is used. */
  #from = 0;
  #end: number = checkpointBytes;

  constructor(pool: BufferPool, secret: Secret) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.committed = promise;
    this.resolve = resolve;
    this.reject = reject;
    this.#pool = pool;
    this.#secret = secret;
    this.#first = this.#take();
    this.#buffer = this.#first;
  }

  /** Takes a copy of `meta`, and of `body` up to `copiedBytes`. */
  add(meta: Uint8Array, body: Uint8Array): void {
    const headBytes = frameBytes + meta.length;
    if (body.length > copiedBytes) {
      const at = this.#room(headBytes);
      const end = at + headBytes;
      this.#buffer.set(meta, at + frameBytes);
      sealSplitRecord(this.#buffer, { at, end }, body, this.#secret);
      this.#endPart();
      this.#parts.push(body);
    } else {
      const at = this.#room(headBytes + body.length);
      this.#buffer.set(meta, at + frameBytes);
      this.#buffer.set(body, at + headBytes);
      sealRecord(this.#buffer, at, at + headBytes + body.length, this.#secret);
    }
    this.bytes += headBytes + body.length;
    this.records += 1;
  }

  /** All bytes in order, led by the checkpoint. Nothing may be added afterwards. */
  parts(durable: number): readonly Uint8Array[] {
    writeCheckpoint(this.#first, 0, durable, this.#secret);
    this.#endPart();
    return this.#parts;
  }

  /** Gives the buffers back; the parts are no longer valid. */
  release(): void {
    for (const buffer of this.#taken) this.#pool.giveBack(buffer);
    this.#taken.length = 0;
  }

  /** Where the next `bytes` bytes go, contiguous in `#buffer`. */
  #room(bytes: number): number {
    if (this.#end + bytes > this.#buffer.length) {
      this.#endPart();
      const fits = bytes <= this.#pool.bufferBytes;
      this.#buffer = fits ? this.#take() : Buffer.allocUnsafeSlow(bytes);
      this.#from = 0;
      this.#end = 0;
    }
    const at = this.#end;
    this.#end += bytes;
    return at;
  }

  #endPart(): void {
    if (this.#end > this.#from) this.#parts.push(this.#buffer.subarray(this.#from, this.#end));
    this.#from = this.#end;
  }

  #take(): Buffer {
    const buffer = this.#pool.take();
    this.#taken.push(buffer);
    return buffer;
  }
}
