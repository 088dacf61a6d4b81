import { findItems, skipSpace } from './spans.ts';

const name = Buffer.from('"events"');

/** What JSON.parse made of `{"events":[…]}`. A `type` makes it an event with an odd attribute. */
export interface Wrapper {
  readonly events: readonly unknown[];
}

export function isWrapper(value: unknown): value is Wrapper {
  if (typeof value !== 'object' || value === null) return false;
  const { events, type } = value as Record<string, unknown>;
  return Array.isArray(events) && typeof type !== 'string';
}

/**
 * The place behind the `[` of a body that begins with `{"events":[`; -1 where it does not. The name
 * must be spelled plainly, so that delivery finds the same array without decoding names.
 */
export function openWrapper(body: Buffer, from: number): number {
  let at = skipByte(body, from, 0x7b);
  if (at === -1) return -1;
  at = skipSpace(body, at, body.length);
  if (!name.equals(body.subarray(at, at + name.length))) return -1;
  at = skipByte(body, at + name.length, 0x3a);
  return at === -1 ? -1 : skipByte(body, at, 0x5b);
}

/** Whether nothing follows the array of a wrapper but its `}`. */
export function closesWrapper(body: Buffer, from: number): boolean {
  const at = skipByte(body, from, 0x7d);
  return at !== -1 && skipSpace(body, at, body.length) === body.length;
}

/**
 * Whether the body is `{"events":[…]}` and nothing else. JSON.parse has taken it, and found no other
 * name in it; what it hides is a second array of that name, of which only the last would count.
 */
export function isPlainWrapper(body: Buffer, from: number): boolean {
  const first = openWrapper(body, from);
  if (first === -1) return false;
  // Without another such name, however spelled, there is but one array: no need to walk it.
  if (!body.includes(name, first) && !body.includes('\\u', first)) return true;
  return closesWrapper(body, findItems(body, first, 0).end);
}

/** Passes over white space and then `byte`; -1 where another one stands there. */
function skipByte(body: Buffer, from: number, byte: number): number {
  const at = skipSpace(body, from, body.length);
  return body[at] === byte ? at + 1 : -1;
}
