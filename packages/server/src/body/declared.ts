import type { Cost } from '@weir/core/admission';
import { isRefusal, type Refusal } from '@weir/core/wire/refusal';
import { fields } from '@weir/core/wire/routes';
import { contentLength, headerOf, type RequestHeaders } from '../request.ts';
import type { RequestLimits } from '../tenants/caller.ts';
import { type BodyKind, bodyKind } from './content-type.ts';
import { type Coding, contentCoding } from './decode-body.ts';
import { tooLarge } from './read-body.ts';

/** What the header of a request says of its body. */
export interface Declared {
  readonly kind: BodyKind;
  readonly coding: Coding;
  /** The least the request can cost: enough to refuse it unread, never too much. */
  readonly leastCost: Cost;
  /** Room to hold for it: its length where that is known, else a start of 64 KiB that grows. */
  readonly holdBytes: number;
}

const startBytes = 64 * 1024;

/** Refuses what can be refused by its header alone. */
export function declared(headers: RequestHeaders, limits: RequestLimits): Declared | Refusal {
  const kind = bodyKind(headers);
  if (isRefusal(kind)) return kind;
  const coding = contentCoding(headerOf(headers, 'content-encoding'));
  if (isRefusal(coding)) return coding;
  const announced = contentLength(headers);
  if (announced !== undefined && announced > limits.bodyBytes) {
    return tooLarge(limits.bodyBytes, announced);
  }
  const known = coding.name === 'identity' ? announced : undefined;
  return {
    kind,
    coding,
    leastCost: { requests: 1, events: declaredEvents(headers), bytes: known ?? 0 },
    holdBytes: known ?? startBytes,
  };
}

/** Senders may say how many events they bring, so that a refusal before the body is exact. */
function declaredEvents(headers: RequestHeaders): number {
  const text = headers[fields.weirEvents];
  return typeof text === 'string' && /^[1-9]\d{0,6}$/.test(text) ? Number(text) : 1;
}
