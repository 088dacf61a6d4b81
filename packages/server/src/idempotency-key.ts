import type { Refusal } from '@weir/core/wire/refusal';
import { hashBody, hashKey } from './spool/idempotency.ts';
import type { Idempotency } from './spool/record.ts';

const pattern = /^[\x21-\x7e]{1,255}$/;

/** What `Idempotency-Key` says, hashed with the tenant and the body; undefined where it is absent. */
export function idempotencyOf(
  key: string | string[] | undefined,
  tenant: string,
  body: Uint8Array,
): Idempotency | Refusal | undefined {
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !pattern.test(key)) return malformed;
  return { key: hashKey(tenant, key), body: hashBody(body) };
}

const malformed: Refusal = {
  refused: 'invalid_header',
  detail: 'Idempotency-Key: expected 1 to 255 visible ASCII characters without spaces, once',
};
