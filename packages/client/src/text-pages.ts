/** Texts one after the other, each with a line's end behind it, outside of the engine's heap. */
export interface TextPage {
  readonly bytes: Uint8Array;
  /** Texts in it that are still wanted, and their bytes. */
  live: number;
  liveBytes: number;
}

/** Where the text of an event lies. */
export interface PlacedText {
  /** undefined where it was let go, or is empty. */
  page: TextPage | undefined;
  at: number;
  /** Of UTF-8. */
  readonly bytes: number;
}

const pageBytes = 65_536;
const mostSpare = 64;
const lineEnd = 10;
/** A page of which less than a quarter is wanted is not worth keeping. */
const sparse = pageBytes / 4;

interface WritableBytes extends Uint8Array {
  write(text: string, at: number, bytes: number, encoding: 'latin1' | 'utf8'): number;
}
interface BufferMaker {
  allocUnsafeSlow(bytes: number): WritableBytes;
}
const host = (globalThis as { Buffer?: BufferMaker }).Buffer;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

const makeBytes: (bytes: number) => Uint8Array =
  host === undefined ? (bytes) => new Uint8Array(bytes) : (bytes) => host.allocUnsafeSlow(bytes);

const write: (page: TextPage, at: number, text: string, bytes: number) => void =
  host === undefined
    ? (page, at, text) => void encoder.encodeInto(text, page.bytes.subarray(at))
    : (page, at, text, bytes) => {
        const isAscii = text.length === bytes; // then no character takes two bytes
        (page.bytes as WritableBytes).write(text, at, bytes, isAscii ? 'latin1' : 'utf8');
      };

/**
 * The texts of events that wait, in pages of 64 KiB that are used again. As strings they would be
 * copied twice by the garbage collector, and be gone only when it gets to them: a client under
 * overload then held three times what it was allowed to.
 */
export class TextPages {
  #page: TextPage = newPage(0);
  #used = 0;
  readonly #spare: TextPage[] = [];

  /** The page that `keep` wrote to last. */
  get page(): TextPage {
    return this.#page;
  }

  /** Writes a text of so many bytes into `page`; returns where. */
  keep(text: string, bytes: number): number {
    const at = this.#roomFor(bytes);
    write(this.#page, at, text, bytes);
    this.#page.bytes[at + bytes] = lineEnd;
    return at;
  }

  /** The text is not wanted any more; doing it twice does no harm. */
  letGo(text: PlacedText): void {
    const { page } = text;
    if (page === undefined) return;
    text.page = undefined;
    page.live -= 1;
    page.liveBytes -= text.bytes;
    const isOver = page.live === 0 && page !== this.#page && page.bytes.length === pageBytes;
    if (isOver && this.#spare.length < mostSpare) this.#spare.push(page);
  }

  /** Moves a text that stays behind while its neighbours go, so that it does not hold their page. */
  settle(text: PlacedText): void {
    const { page, at, bytes } = text;
    if (page === undefined || page === this.#page || page.liveBytes >= sparse) return;
    const to = this.#roomFor(bytes);
    this.#page.bytes.set(page.bytes.subarray(at, at + bytes + 1), to);
    const { page: next } = this;
    this.letGo(text);
    text.page = next;
    text.at = to;
  }

  /** Counts a text of so many bytes in, in a page that has room for it. */
  #roomFor(bytes: number): number {
    if (this.#used + bytes >= this.#page.bytes.length) this.#turn(bytes + 1);
    const at = this.#used;
    this.#used += bytes + 1;
    this.#page.live += 1;
    this.#page.liveBytes += bytes;
    return at;
  }

  #turn(least: number): void {
    const last = this.#page;
    this.#page = least > pageBytes ? newPage(least) : (this.#spare.pop() ?? newPage(pageBytes));
    this.#used = 0;
    const isOver = last.live === 0 && last.bytes.length === pageBytes;
    if (isOver && this.#spare.length < mostSpare) this.#spare.push(last);
  }
}

function newPage(bytes: number): TextPage {
  return { bytes: makeBytes(bytes), live: 0, liveBytes: 0 };
}

/** The text again. Throws where it was let go. */
export function textOf({ page, at, bytes }: PlacedText): string {
  if (page === undefined) return nothing(bytes);
  return decoder.decode(page.bytes.subarray(at, at + bytes));
}

/** One text a line. Throws where one was let go. */
export function linesOf(texts: readonly PlacedText[]): Uint8Array {
  let total = Math.max(0, texts.length - 1);
  for (const { bytes } of texts) total += bytes;
  const lines = new Uint8Array(total);
  let to = 0;
  for (let from = 0; from < texts.length; ) {
    const { page, at } = texts[from] as PlacedText;
    const next = neighboursFrom(texts, from);
    const { at: lastAt, bytes: lastBytes } = texts[next - 1] as PlacedText;
    if (from > 0) {
      lines[to] = lineEnd;
      to += 1;
    }
    if (page === undefined) nothing(lastBytes);
    else lines.set(page.bytes.subarray(at, lastAt + lastBytes), to);
    to += lastAt + lastBytes - at;
    from = next;
  }
  return lines;
}

/** Those that lie one behind the other can be copied at once; returns the first that does not. */
function neighboursFrom(texts: readonly PlacedText[], from: number): number {
  let last = texts[from] as PlacedText;
  let next = from + 1;
  for (; next < texts.length && last.page !== undefined; next += 1) {
    const text = texts[next] as PlacedText;
    if (text.page !== last.page || text.at !== last.at + last.bytes + 1) break;
    last = text;
  }
  return next;
}

function nothing(bytes: number): string {
  if (bytes > 0) throw new Error('the text of this event was let go');
  return '';
}
