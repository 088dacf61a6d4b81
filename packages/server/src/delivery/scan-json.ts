import type { Lines } from './lines.ts';

// What a byte means to the scanner. Everything else (names, numbers, `:` and `,`) is just copied.
const plain = 0;
const quote = 1;
const open = 2;
const close = 3;
const space = 4;

const kinds = new Uint8Array(256);
kinds[0x22] = quote;
for (const bracket of '{[') kinds[bracket.charCodeAt(0)] = open;
for (const bracket of '}]') kinds[bracket.charCodeAt(0)] = close;
for (const blank of ' \t\r\n') kinds[blank.charCodeAt(0)] = space;

const backslash = 0x5c;
const comma = 0x2c;
/** Beyond this many bytes of a string, the host's search for its end is quicker than a loop. */
const longString = 64;

/** Text that the parser let through and that is not what it said: a bug or a damaged record. */
export class ScanError extends Error {
  override readonly name = 'ScanError';
}

/** The first place at or after `at` that is no JSON whitespace; `end` where there is none. */
export function skipSpace(source: Buffer, at: number, end: number): number {
  let i = at;
  while (i < end && kinds[source[i] as number] === space) i += 1;
  return i;
}

/** Where the string that begins at `at` ends, its closing quote included. */
export function skipString(source: Buffer, at: number, end: number): number {
  const near = Math.min(end, at + longString);
  let i = at + 1;
  for (; i < near; i += 1) {
    const byte = source[i];
    if (byte === 0x22) return i + 1;
    if (byte === backslash) i += 1;
  }
  return skipLongString(source, i, end);
}

/** Goes on inside a string, at a place that no backslash escapes. */
function skipLongString(source: Buffer, from: number, end: number): number {
  let next = from;
  for (;;) {
    const found = source.indexOf(0x22, next);
    if (found === -1 || found >= end) throw new ScanError('a string does not end');
    if (!isEscaped(source, from, found)) return found + 1;
    next = found + 1;
  }
}

/** An odd run of backslashes right before `at` escapes what is there. */
function isEscaped(source: Buffer, from: number, at: number): boolean {
  let i = at;
  while (i > from && source[i - 1] === backslash) i -= 1;
  return ((at - i) & 1) === 1;
}

/**
 * Appends the JSON value that begins at `at`, byte for byte but for the whitespace between its
 * tokens, and returns where it ends; room for it was reserved. Strict only as far as it must be to
 * find the end: the text was parsed when it was taken.
 */
export function copyValue(source: Buffer, at: number, end: number, lines: Lines): number {
  const kind = kinds[source[at] as number];
  if (kind === open) return copyNested(source, at, end, lines);
  const ends = kind === quote ? skipString(source, at, end) : skipScalar(source, at, end);
  lines.append(source, at, ends);
  return ends;
}

/** Where the JSON value that begins at `at` ends. */
export function skipValue(source: Buffer, at: number, end: number, lines: Lines): number {
  const { length } = lines;
  lines.reserve(end - at);
  const ends = copyValue(source, at, end, lines); // what is skipped is rare: one scanner will do
  lines.length = length;
  return ends;
}

/** A number or a name ends where something else begins. */
function skipScalar(source: Buffer, at: number, end: number): number {
  let i = at;
  while (i < end && kinds[source[i] as number] === plain && source[i] !== comma) i += 1;
  if (i === at) throw new ScanError('a value is missing');
  return i;
}

/** An object or an array, however deep: depth is a number here, so that no text can break a stack. */
function copyNested(source: Buffer, at: number, end: number, lines: Lines): number {
  let from = at;
  let depth = 0;
  let i = at;
  for (;;) {
    while (i < end && kinds[source[i] as number] === plain) i += 1;
    if (i >= end) throw new ScanError('an object or array does not end');
    switch (kinds[source[i] as number]) {
      case quote:
        i = skipString(source, i, end);
        break;
      case space:
        lines.append(source, from, i);
        i = skipSpace(source, i + 1, end);
        from = i;
        break;
      case open:
        depth += 1;
        i += 1;
        break;
      default:
        depth -= 1;
        i += 1;
        if (depth > 0) break;
        lines.append(source, from, i);
        return i;
    }
  }
}
