import { isUtf8 } from 'node:buffer';
import { maxDepth, type RejectedEvent } from '@weir/core/wire/event';
import type { Refusal } from '@weir/core/wire/refusal';
import { type BodyKind, dataForm } from '../body/content-type.ts';
import type { RequestHeaders } from '../request.ts';
import type { RequestLimits } from '../tenants/caller.ts';
import { checkAttribute, expected, type Problem, present, typeProblem } from './attribute.ts';
import { fillable, rejected, tooDeep } from './check-event.ts';
import { isDeeper } from './depth.ts';
import { unquote } from './header-list.ts';
import { allRejected, eventTooLarge, invalidUtf8, malformed } from './refuse.ts';
import { none, type ParsedEvents } from './tally.ts';

const notEncoded = expected('ASCII, with percent-encoded UTF-8 for all that is not');
const dataInHeader = expected('the data in the body, not in a header');
const typeInHeader = expected('the type of the data in Content-Type alone');

interface Attributes {
  readonly values: Readonly<Record<string, string>>;
  /** Those that are there, as bits of `present`. */
  readonly found: number;
}

/**
 * CloudEvents binary mode: the body is the event's data (none where it is empty), the attributes
 * stand in `ce-*` headers, percent-encoded, and `datacontenttype` is the Content-Type.
 */
export function parseBinary(
  body: Buffer,
  { contentType }: BodyKind,
  limits: RequestLimits,
  headers: RequestHeaders,
): ParsedEvents | Refusal {
  const read = readAttributes(headers);
  if ('code' in read) return allRejected([read]);
  if (body.length > limits.eventBytes) {
    return allRejected([eventTooLarge(0, body.length, limits.eventBytes)]);
  }
  const wrong = body.length === 0 ? undefined : checkData(body, contentType);
  if (wrong !== undefined) return wrong;
  const { values, found } = read;
  const attributes =
    contentType === undefined ? values : { ...values, datacontenttype: contentType };
  const lacks = ~found & fillable;
  return { shape: 'binary', accepted: 1, rejected: none, missing: lacks, attributes };
}

function readAttributes(headers: RequestHeaders): Attributes | RejectedEvent {
  const values: Record<string, string> = {};
  let found = 0;
  for (const header in headers) {
    if (!header.startsWith('ce-')) continue;
    const name = header.slice(3);
    const value = decodeValue(headers[header]);
    const bit = value === undefined ? notEncoded : checkHeader(name, value);
    if (typeof bit !== 'number') return rejected(0, name, bit);
    values[name] = value as string;
    found |= bit;
  }
  return (found & present.type) === 0 ? rejected(0, 'type', typeProblem) : { values, found };
}

/** Data and its type have places of their own; as headers they would say it twice. */
function checkHeader(name: string, value: string): number | Problem {
  if (name === 'data' || name === 'data_base64') return dataInHeader;
  if (name === 'datacontenttype') return typeInHeader;
  return checkAttribute(name, value);
}

/** As the HTTP binding has it: quotes first, then one round of percent-decoding. */
function decodeValue(field: string | readonly string[] | undefined): string | undefined {
  if (typeof field !== 'string' || /[^\x20-\x7e\t]/.test(field)) return undefined;
  const text = unquote(field);
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // a stray %, or bytes that are no UTF-8
  }
}

function checkData(body: Buffer, contentType: string | undefined): Refusal | undefined {
  const form = dataForm(contentType);
  if (form === 'bytes') return undefined;
  if (!isUtf8(body)) return invalidUtf8(body);
  if (form === 'text') return undefined;
  try {
    JSON.parse(body.toString('utf8'));
  } catch {
    return malformed(body, 0);
  }
  return isDeeper(body, maxDepth - 1) ? allRejected([tooDeep(0)]) : undefined;
}
