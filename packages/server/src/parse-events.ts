import { isUtf8 } from 'node:buffer';
import type { Refusal } from '@weir/core/wire/refusal';
import type { BodyKind } from './body/content-type.ts';
import { parseBinary } from './parse/binary.ts';
import { parseLarge } from './parse/large.ts';
import { parseLines } from './parse/lines.ts';
import { invalidUtf8 } from './parse/refuse.ts';
import type { ParsedEvents } from './parse/tally.ts';
import { parseWhole } from './parse/whole.ts';
import type { RequestHeaders } from './request.ts';
import type { RequestLimits } from './tenants/caller.ts';

/**
 * A body up to this size is given to JSON.parse at once, since what that makes of it stays small;
 * of a larger one it sees one event at a time, so that 32 MiB of `[],[],…` cannot fill the heap.
 */
const maxWholeBytes = 256 * 1024;

/**
 * Checks the events of a body, once: nothing is kept of what JSON.parse makes, since delivery cuts
 * the stored lines from the sender's own text. One bad event of a hundred is rejected alone; a
 * refusal means that none of them can be taken. Never throws, whatever was sent.
 *
 * Delivery and this agree on what counts as an event: a UTF-8 byte order mark before everything is
 * passed over, and a line of nothing but spaces, tabs and carriage returns is no event.
 *
 * @param headers the request's own; only binary mode looks at them
 */
export function parseEvents(
  body: Uint8Array,
  kind: BodyKind,
  limits: RequestLimits,
  headers: RequestHeaders = {},
): ParsedEvents | Refusal {
  const bytes = asBuffer(body);
  const { form } = kind;
  if (form === 'binary') return parseBinary(bytes, kind, limits, headers);
  if (!isUtf8(bytes)) return invalidUtf8(bytes);
  const sent = { body: bytes, from: startsWithMark(bytes) ? 3 : 0, form, limits };
  if (form === 'ndjson') return parseLines(sent);
  const isSmall = bytes.length <= Math.min(limits.eventBytes, maxWholeBytes);
  return isSmall ? parseWhole(sent) : parseLarge(sent);
}

function asBuffer(body: Uint8Array): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

function startsWithMark(body: Uint8Array): boolean {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
}
