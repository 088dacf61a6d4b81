import { freeNow } from './free-now.ts';

/** Up to about this many bytes a loop is quicker than a call of the host's copy. */
const shortCopy = 32;

/** A buffer that grows and is used again and again. */
export class Lines {
  bytes: Buffer<ArrayBuffer>;
  length = 0;

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  /** What was written, as a view: valid until the next write. */
  get view(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  /** Makes room for `more` bytes, so that they can be written without asking again. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.ceil(this.bytes.length * 1.5)));
    this.bytes.copy(grown, 0, 0, this.length);
    freeNow(this.bytes);
    this.bytes = grown;
  }

  /** Appends `source[from, to)`; room for it was reserved. */
  append(source: Buffer, from: number, to: number): void {
    const { bytes, length } = this;
    const count = to - from;
    if (count > shortCopy) {
      source.copy(bytes, length, from, to);
    } else {
      for (let i = 0; i < count; i += 1) bytes[length + i] = source[from + i] as number;
    }
    this.length = length + count;
  }

  /** Appends all of `more`, and makes room for it. */
  appendAll(more: Buffer): void {
    this.reserve(more.length);
    this.length += more.copy(this.bytes, this.length);
  }
}
