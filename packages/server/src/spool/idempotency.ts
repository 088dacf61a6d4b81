import { hash } from 'node:crypto';

/** Length of both hashes: 128 bits, so that nobody finds two keys or bodies with the same one. */
export const hashBytes = 16;

/** What an `Idempotency-Key` is known by: keys of different tenants never meet. */
export function hashKey(tenant: string, key: string): Uint8Array {
  return hash('sha256', `${tenant}\0${key}`, 'buffer').subarray(0, hashBytes);
}

/** What a body is known by, so that another one under the same key is noticed. */
export function hashBody(body: Uint8Array): Uint8Array {
  return hash('sha256', body, 'buffer').subarray(0, hashBytes);
}
