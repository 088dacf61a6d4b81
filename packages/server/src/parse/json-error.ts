import {
  backslash,
  closeArray,
  closeObject,
  colon,
  comma,
  isDigit,
  isHex,
  isSpace,
  minus,
  openArray,
  openObject,
  quote,
} from './json-bytes.ts';

/** Where text stops being JSON, and what would have had to stand there. */
export interface JsonError {
  readonly at: number;
  readonly expected: string;
}

/** What may come next: the states of the grammar. */
type Next = 'value' | 'item or end' | 'name' | 'name or end' | 'colon' | 'comma or end';

/**
 * The first place at which `bytes[from, to)` is no JSON; undefined where it is. JSON.parse says the
 * same in words that quote the sender's text and often name no place, so it is asked first and this
 * only once it has thrown. Never recurses and keeps one bit a level, so that no nesting harms it.
 */
export function findJsonError(bytes: Uint8Array, from: number, to: number): JsonError | undefined {
  const checker = new Checker(bytes, from, to);
  return checker.run() ? undefined : { at: checker.at, expected: checker.expected };
}

class Checker {
  at: number;
  expected = '';
  readonly #bytes: Uint8Array;
  readonly #to: number;
  /** A bit for each open level: 1 is an object, 0 an array. */
  #open = new Uint8Array(64);
  #depth = 0;

  constructor(bytes: Uint8Array, from: number, to: number) {
    this.#bytes = bytes;
    this.at = from;
    this.#to = to;
  }

  /** True where all of it is one JSON value; false leaves the reason in `at` and `expected`. */
  run(): boolean {
    let next: Next | undefined = 'value';
    while (next !== undefined) {
      this.#skipSpace();
      if (next === 'comma or end' && this.#depth === 0) {
        return this.at === this.#to || this.#miss('the end');
      }
      next = this.#step(next);
    }
    return false;
  }

  /** Reads one token; undefined where it is not the one that had to come. */
  #step(next: Next): Next | undefined {
    switch (next) {
      case 'value':
      case 'item or end':
        return this.#value(next);
      case 'name':
      case 'name or end':
        return this.#name(next);
      case 'colon':
        return this.#take(colon) ? 'value' : this.#fail('":"');
      case 'comma or end':
        return this.#commaOrEnd();
    }
  }

  #value(next: Next): Next | undefined {
    switch (this.#peek()) {
      case openObject:
        this.#push(1);
        return 'name or end';
      case openArray:
        this.#push(0);
        return 'item or end';
      case quote:
        return this.#string() ? 'comma or end' : undefined;
      case closeArray:
        if (next === 'item or end') return this.#pop();
        break;
      case 0x74:
        return this.#literal('true');
      case 0x66:
        return this.#literal('false');
      case 0x6e:
        return this.#literal('null');
    }
    if (this.#peek() === minus || isDigit(this.#peek())) return this.#number();
    return this.#fail(next === 'value' ? 'a value' : 'a value or "]"');
  }

  #name(next: Next): Next | undefined {
    if (this.#peek() === quote) return this.#string() ? 'colon' : undefined;
    if (next === 'name') return this.#fail('a name in double quotes');
    return this.#peek() === closeObject
      ? this.#pop()
      : this.#fail('a name in double quotes or "}"');
  }

  #commaOrEnd(): Next | undefined {
    const inObject = this.#isObject();
    if (this.#take(comma)) return inObject ? 'name' : 'value';
    const end = inObject ? closeObject : closeArray;
    return this.#peek() === end ? this.#pop() : this.#fail(inObject ? '"," or "}"' : '"," or "]"');
  }

  #string(): boolean {
    this.at += 1;
    for (;;) {
      const byte = this.#peek();
      if (byte === quote) break;
      if (byte === -1) return this.#miss('the end of the string');
      if (byte < 0x20)
        return this.#miss('no control character in a string, but an escape such as \\n');
      this.at += 1;
      if (byte === backslash && !this.#escape()) return false;
    }
    this.at += 1;
    return true;
  }

  #escape(): boolean {
    const byte = this.#peek();
    if (byte === 0x75) return this.#unicode();
    if (byte === -1 || !'"\\/bfnrt'.includes(String.fromCharCode(byte))) {
      return this.#miss('an escape such as \\n or \\u00e9');
    }
    this.at += 1;
    return true;
  }

  #unicode(): boolean {
    this.at += 1;
    for (let digits = 0; digits < 4; digits += 1) {
      if (!isHex(this.#peek())) return this.#miss('four hexadecimal digits after \\u');
      this.at += 1;
    }
    return true;
  }

  #number(): Next | undefined {
    this.#take(minus);
    if (!this.#take(0x30) && !this.#digits()) return undefined;
    if (this.#take(0x2e) && !this.#digits()) return undefined;
    if (this.#take(0x65) || this.#take(0x45)) {
      if (!this.#take(0x2b)) this.#take(minus);
      if (!this.#digits()) return undefined;
    }
    return 'comma or end';
  }

  #digits(): boolean {
    if (!isDigit(this.#peek())) return this.#miss('a digit');
    while (isDigit(this.#peek())) this.at += 1;
    return true;
  }

  #literal(word: string): Next | undefined {
    for (let at = 0; at < word.length; at += 1) {
      if (!this.#take(word.charCodeAt(at))) return this.#fail(`"${word}"`);
    }
    return 'comma or end';
  }

  #push(bit: 0 | 1): void {
    this.at += 1;
    const place = this.#depth >> 3;
    if (place === this.#open.length) {
      const larger = new Uint8Array(2 * place);
      larger.set(this.#open);
      this.#open = larger;
    }
    const mask = 1 << (this.#depth & 7);
    const byte = this.#open[place] as number;
    this.#open[place] = bit === 1 ? byte | mask : byte & ~mask;
    this.#depth += 1;
  }

  #pop(): Next {
    this.at += 1;
    this.#depth -= 1;
    return 'comma or end';
  }

  #isObject(): boolean {
    const level = this.#depth - 1;
    return ((this.#open[level >> 3] as number) & (1 << (level & 7))) !== 0;
  }

  #peek(): number {
    return this.at < this.#to ? (this.#bytes[this.at] as number) : -1;
  }

  #take(byte: number): boolean {
    if (this.#peek() !== byte) return false;
    this.at += 1;
    return true;
  }

  #skipSpace(): void {
    while (isSpace(this.#peek())) this.at += 1;
  }

  #fail(expected: string): undefined {
    this.expected = expected;
  }

  #miss(expected: string): false {
    this.expected = expected;
    return false;
  }
}
