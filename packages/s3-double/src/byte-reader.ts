/** Reads lines and counted bytes from chunks that come as they like. */
export class ByteReader {
  readonly #source: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Up to a CRLF, which is not part of it; undefined at the end, or where none comes in time. */
  async line(maxBytes: number): Promise<string | undefined> {
    for (;;) {
      const end = this.#held.indexOf('\r\n');
      if (end > maxBytes) return undefined;
      if (end !== -1) {
        const line = this.#held.toString('latin1', 0, end);
        this.#held = this.#held.subarray(end + 2);
        return line;
      }
      if (this.#held.length > maxBytes + 1 || !(await this.#more())) return undefined;
    }
  }

  /** This many bytes in the pieces in which they came; fewer where the source ends before. */
  async *bytes(count: number): AsyncGenerator<Buffer, void, void> {
    for (let left = count; left > 0; ) {
      if (this.#held.length === 0 && !(await this.#more())) return;
      const piece = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  /** True where nothing more comes. */
  async isAtEnd(): Promise<boolean> {
    return this.#held.length === 0 && !(await this.#more());
  }

  /** Wants no more of the source. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async #more(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done === true) return false;
    this.#held = this.#held.length === 0 ? next.value : Buffer.concat([this.#held, next.value]);
    return true;
  }
}
