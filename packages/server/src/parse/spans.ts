import { close, curly, endOfString, open } from './depth.ts';
import { closeArray, comma, isSpace, quote } from './json-bytes.ts';

/** Where the events of a body lie, found without parsing them. */
export interface Spans {
  /** How many there are, those that are not listed included. */
  readonly count: number;
  /** Start and end of each, without white space around it; of at most as many as asked for. */
  readonly bounds: readonly number[];
  /** Just behind the last of them: behind the `]` of an array; -1 where it is no JSON array. */
  readonly end: number;
}

/** The bytes of the event at `index`, as a view. */
export function textOf(bytes: Buffer, { bounds }: Spans, index: number): Buffer {
  return bytes.subarray(bounds[2 * index], bounds[2 * index + 1]);
}

/** The lines from `from` on that are not blank; blank ones are no events and take no index. */
export function findLines(bytes: Uint8Array, from: number, most: number): Spans {
  const found = new Found(bytes, most);
  let start = from;
  while (start < bytes.length) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline === -1 ? bytes.length : newline;
    found.add(start, end);
    start = end + 1;
  }
  return found.upTo(bytes.length);
}

/**
 * The items of an array whose `[` lies just before `from`. It follows strings and nesting alone, at
 * less than 1 ns a byte; whether an item is JSON shows when it is parsed.
 */
export function findItems(bytes: Uint8Array, from: number, most: number): Spans {
  const found = new Found(bytes, most);
  let start = from;
  for (;;) {
    const end = endOfItem(bytes, start);
    if (bytes[end] !== comma) return found.close(start, end);
    if (!found.add(start, end)) return found.upTo(-1);
    start = end + 1;
  }
}

/** The place of the comma or the bracket that ends the item which begins at `from`. */
function endOfItem(bytes: Uint8Array, from: number): number {
  const end = bytes.length;
  let depth = 0;
  for (let at = from; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte === quote) at = endOfString(bytes, at);
    else if ((byte | curly) === open) depth += 1;
    else if (depth === 0 && endsItem(byte)) return at;
    else if ((byte | curly) === close) depth -= 1;
  }
  return end;
}

function endsItem(byte: number): boolean {
  return byte === comma || (byte | curly) === close;
}

/** The first place from `from` on, at most `to`, that is no white space. */
export function skipSpace(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && isSpace(bytes[at])) at += 1;
  return at;
}

/** The end of what stands in `[from, to)` once the white space behind it is left out. */
export function trimEnd(bytes: Uint8Array, from: number, to: number): number {
  let end = to;
  while (end > from && isSpace(bytes[end - 1])) end -= 1;
  return end;
}

class Found {
  #count = 0;
  readonly #bounds: number[] = [];
  readonly #bytes: Uint8Array;
  readonly #most: number;

  constructor(bytes: Uint8Array, most: number) {
    this.#bytes = bytes;
    this.#most = most;
  }

  /** Counts what lies between two places; false where that is nothing. */
  add(from: number, to: number): boolean {
    const start = skipSpace(this.#bytes, from, to);
    if (start === to) return false;
    this.#count += 1;
    if (this.#count <= this.#most) this.#bounds.push(start, trimEnd(this.#bytes, start, to));
    return true;
  }

  /** The last item ends at a `]`. Only an array without any item may have none before it. */
  close(from: number, to: number): Spans {
    const isArray = this.#bytes[to] === closeArray && (this.add(from, to) || this.#count === 0);
    return this.upTo(isArray ? to + 1 : -1);
  }

  upTo(end: number): Spans {
    return { count: this.#count, bounds: this.#bounds, end };
  }
}
