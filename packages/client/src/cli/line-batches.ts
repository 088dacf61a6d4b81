/** Lines that make one request. Cut from the same bytes with the same bounds, they are the same again. */
export interface LineBatch {
  /** Bytes of the file: from here… */
  readonly from: number;
  /** … to here, exclusive. */
  readonly to: number;
  readonly lines: readonly Line[];
}

export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

export interface LineBounds {
  readonly batchEvents: number;
  readonly batchBytes: number;
}

const newline = 0x0a;
/** A line of more than this ends the work: it is no file of events. */
const mostLineBytes = 33_554_432;

/** Cuts a stream of bytes into batches of lines. Blank lines are passed over. */
export async function* lineBatches(
  chunks: AsyncIterable<Uint8Array>,
  bounds: LineBounds,
): AsyncGenerator<LineBatch> {
  const cutter = new Cutter(bounds);
  for await (const chunk of chunks) {
    let from = 0;
    for (;;) {
      const at = chunk.indexOf(newline, from);
      if (at < 0) break;
      yield* cutter.line(chunk.subarray(from, at), 1);
      from = at + 1;
    }
    cutter.part(chunk.subarray(from));
  }
  yield* cutter.rest();
}

class Cutter {
  readonly #bounds: LineBounds;
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  #lines: Line[] = [];
  #bytes = 0;
  #number = 0;
  #from = 0;
  #at = 0;

  constructor(bounds: LineBounds) {
    this.#bounds = bounds;
  }

  /** The beginning of a line whose end is still to come. */
  part(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#partBytes += bytes.length;
    if (this.#partBytes > mostLineBytes) {
      throw new RangeError(`line ${this.#number + 1} is longer than ${mostLineBytes} bytes`);
    }
    this.#parts.push(Buffer.from(bytes)); // the stream may use its buffer again
  }

  /** The end of a line, and so many bytes that end it. */
  *line(end: Uint8Array, ending: number): Generator<LineBatch> {
    const whole = this.#parts.length === 0 ? end : Buffer.concat([...this.#parts, end]);
    this.#parts = [];
    this.#partBytes = 0;
    this.#number += 1;
    const text = Buffer.from(whole.buffer, whole.byteOffset, whole.length).toString('utf8').trim();
    if (
      text !== '' &&
      this.#lines.length > 0 &&
      this.#bytes + whole.length > this.#bounds.batchBytes
    ) {
      yield this.#take();
    }
    this.#at += whole.length + ending;
    if (text !== '') {
      this.#lines.push({ number: this.#number, text });
      this.#bytes += whole.length + 1;
    }
    if (this.#lines.length >= this.#bounds.batchEvents) yield this.#take();
  }

  *rest(): Generator<LineBatch> {
    if (this.#parts.length > 0) yield* this.line(new Uint8Array(0), 0);
    if (this.#lines.length > 0) yield this.#take();
  }

  #take(): LineBatch {
    const batch = { from: this.#from, to: this.#at, lines: this.#lines };
    this.#from = this.#at;
    this.#lines = [];
    this.#bytes = 0;
    return batch;
  }
}
