import { ScanError, skipString } from '../delivery/scan-json.ts';

const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const quote = 0x22;

/** A member of an object: its name without quotes in `[nameFrom, nameTo)`, its value to `valueTo`. */
export interface Member {
  nameFrom: number;
  nameTo: number;
  valueFrom: number;
  valueTo: number;
}

/**
 * Calls `visit` for each member of the object at `at`, in their order; there is no whitespace
 * between its tokens. The member is valid during the call. Returns where the object ends.
 */
export function visitMembers(
  source: Buffer,
  at: number,
  end: number,
  visit: (member: Member) => void,
): number {
  const member: Member = { nameFrom: 0, nameTo: 0, valueFrom: 0, valueTo: 0 };
  let i = at + 1;
  while (i < end && source[i] !== closeBrace) {
    const nameEnd = skipString(source, i, end);
    member.nameFrom = i + 1;
    member.nameTo = nameEnd - 1;
    member.valueFrom = nameEnd + 1; // past the colon
    member.valueTo = endOfValue(source, nameEnd + 1, end);
    visit(member);
    i = source[member.valueTo] === comma ? member.valueTo + 1 : member.valueTo;
  }
  if (i >= end) throw new ScanError('an object does not end');
  return i + 1;
}

/** Where the value that begins at `at` ends. */
function endOfValue(source: Buffer, at: number, end: number): number {
  const byte = source[at];
  if (byte === quote) return skipString(source, at, end);
  if (byte === openBrace || byte === openBracket) return endOfNested(source, at, end);
  let i = at;
  while (i < end && source[i] !== comma && source[i] !== closeBrace) i += 1;
  return i;
}

function endOfNested(source: Buffer, at: number, end: number): number {
  let depth = 0;
  for (let i = at; i < end; ) {
    const byte = source[i];
    if (byte === quote) {
      i = skipString(source, i, end);
      continue;
    }
    i += 1;
    if (byte === openBrace || byte === openBracket) depth += 1;
    else if (byte === closeBrace || byte === closeBracket) depth -= 1;
    if (depth === 0) return i;
  }
  throw new ScanError('a value does not end');
}
