/** What a bare item may be, as far as rate fields go; others are read as their text. */
export type BareItem = string | number | boolean;

/** A member of a structured list (RFC 9651): a bare item and its parameters. */
export interface ListItem {
  readonly value: BareItem;
  readonly parameters: ReadonlyMap<string, BareItem>;
}

const longestField = 16_384; // beyond, it is not read at all
const key = /[a-z*][a-z0-9_.*-]*/y;
const number = /-?(?:\d{1,12}\.\d{1,3}|\d{1,15})/y;
const quoted = /"((?:[ !#-[\]-~]|\\["\\])*)"/y;
const boolean = /\?([01])/y;
const token = /[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*/y;
const other = /:[A-Za-z0-9+/=]*:|@-?\d{1,15}|%"[ !#-~]*"/y; // bytes, a date, a display string
const spaces = / */y;
const blanks = /[ \t]*/y;
const comma = /[ \t]*,[ \t]*/y;
const semicolon = /; */y;

/**
 * Reads a structured list without inner lists. undefined where it is malformed: then, as RFC 9651
 * has it, the whole field counts for nothing.
 */
export function parseList(text: string): readonly ListItem[] | undefined {
  if (text.length > longestField) return undefined;
  const reader = new Reader(text);
  const items: ListItem[] = [];
  reader.take(spaces);
  if (reader.atEnd()) return items;
  do {
    const item = readItem(reader);
    if (item === undefined) return undefined;
    items.push(item);
  } while (reader.take(comma) !== undefined);
  reader.take(blanks);
  return reader.atEnd() ? items : undefined;
}

/** A string as structured fields write it. Throws a RangeError for what they cannot hold. */
export function quote(text: string): string {
  if (!/^[ -~]*$/.test(text)) {
    throw new RangeError(`"${text}" must hold only printable ASCII, as it is sent in a header`);
  }
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function readItem(reader: Reader): ListItem | undefined {
  const value = readBare(reader);
  if (value === undefined) return undefined;
  const parameters = new Map<string, BareItem>();
  while (reader.take(semicolon) !== undefined) {
    const name = reader.take(key);
    if (name === undefined) return undefined;
    const bare = reader.takeEquals() ? readBare(reader) : true;
    if (bare === undefined) return undefined;
    parameters.set(name, bare);
  }
  return { value, parameters };
}

function readBare(reader: Reader): BareItem | undefined {
  const text = reader.take(quoted);
  if (text !== undefined) return text.slice(1, -1).replace(/\\(.)/g, '$1');
  const digits = reader.take(number);
  if (digits !== undefined) return Number(digits);
  const flag = reader.take(boolean);
  if (flag !== undefined) return flag === '?1';
  return reader.take(token) ?? reader.take(other);
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    return this.#at === this.#text.length;
  }

  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found[0];
  }

  takeEquals(): boolean {
    const found = this.#text[this.#at] === '=';
    if (found) this.#at += 1;
    return found;
  }
}
