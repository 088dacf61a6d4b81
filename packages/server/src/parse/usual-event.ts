import { maxDepth } from '@weir/core/wire/event';
import { checkAttribute, isNameCode, maxNameLength, present } from './attribute.ts';
import { fillable } from './check-event.ts';
import { closeArray, closeObject, comma, openArray, openObject, quote } from './json-bytes.ts';
import {
  endOfValue,
  load,
  mostWalked,
  nowhere,
  skipSpace,
  text,
  valueOfName,
} from './json-walk.ts';

/** What is wrong, or merely unusual, and so is left to those who look closer. */
export const unusual = -1;

/**
 * What the only event in `bytes` lacks, as bits of `missing`, or `unusual`. Nothing that it takes would be
 * rejected by `checkEvent`, and nearly all that would not be it takes.
 */
export function lackedByUsual(bytes: Buffer): number {
  if (bytes.length > mostWalked) return unusual;
  load(bytes);
  const lacked = walkEvent(0);
  return end === bytes.length ? lacked : unusual;
}

/**
 * The same of each event in the array that is all of `bytes`, in order; undefined where one of them is
 * unusual, or there are none, or more than `most`.
 */
export function lackedByEach(bytes: Buffer, most: number): number[] | undefined {
  if (bytes.length > mostWalked || bytes[0] !== openArray) return undefined;
  load(bytes);
  const each: number[] = [];
  for (let at = skipSpace(1); each.length < most; at = skipSpace(at + 1)) {
    const lacked = walkEvent(at);
    if (lacked === unusual) return undefined;
    each.push(lacked);
    at = skipSpace(end);
    if (text[at] === comma) continue;
    return text[at] === closeArray && at + 1 === bytes.length ? each : undefined;
  }
  return undefined;
}

/** The place behind the event that was walked last. */
let end = nowhere;

function walkEvent(from: number): number {
  end = nowhere;
  if (text[from] !== openObject) return unusual;
  let found = 0;
  for (let name = skipSpace(from + 1); ; name = skipSpace(name + 1)) {
    const value = valueOfName(name);
    const behind = endOfValue(value, maxDepth - 1);
    const bit = checkMember(name + 1, value, behind);
    if (bit === unusual) return unusual;
    found |= bit;
    name = skipSpace(behind);
    if (text[name] === comma) continue;
    if (text[name] !== closeObject) return unusual;
    end = name + 1;
    return (found & present.type) === 0 ? unusual : ~found & fillable;
  }
}

/** The bit of `present` that a member sets, 0 where it sets none. */
function checkMember(name: number, value: number, behind: number): number {
  if (behind === nowhere) return unusual;
  const length = endOfName(name) - name;
  const known = find(name, length);
  if (known?.name === 'data') return present.data;
  const isFilled = text[value] === quote && behind - value > 2;
  if (known === undefined) return isFilled && isExtension(name, length) ? 0 : unusual;
  if (!isFilled) return unusual;
  return known.isAnyText ? known.bit : checkText(known.name, value + 1, behind - 1);
}

/** Where the name that begins at `from` ends; `from` where it is not made of what names are made of. */
function endOfName(from: number): number {
  let at = from;
  while (isNameCode(text[at] as number)) at += 1;
  return text[at] === quote ? at : from;
}

/** In a body that is UTF-8 already it decides nothing whether a character beyond ASCII is taken for several. */
function checkText(name: string, from: number, to: number): number {
  const value = text.toString('latin1', from, to);
  if (value.includes('\\')) return unusual;
  const bit = checkAttribute(name, value);
  return typeof bit === 'number' ? bit : unusual;
}

function isExtension(from: number, length: number): boolean {
  return length > 0 && length <= maxNameLength && !stands(reserved, from);
}

interface Known {
  readonly name: string;
  readonly codes: Uint8Array;
  readonly bit: number;
  /** Whether any text but none is right. */
  readonly isAnyText: boolean;
}

/** By the length of its name. */
const known: readonly (readonly Known[])[] = Array.from({ length: 12 }, (_, length) =>
  (['type', 'id', 'source', 'time', 'specversion', 'data'] as const)
    .filter((name) => name.length === length)
    .map((name) => ({
      name,
      codes: Buffer.from(name),
      bit: present[name],
      isAnyText: name === 'type' || name === 'id',
    })),
);
const reserved = Buffer.from('weir');

function find(from: number, length: number): Known | undefined {
  for (const each of known[length] ?? []) if (stands(each.codes, from)) return each;
  return undefined;
}

function stands(codes: Uint8Array, from: number): boolean {
  for (let at = 0; at < codes.length; at += 1) {
    if (text[from + at] !== codes[at]) return false;
  }
  return true;
}
