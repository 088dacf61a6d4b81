import { createHash } from 'node:crypto';
import type { Caller } from '../tenants/caller.ts';

const tags = 32;
/** 120 bits; a key of 30 characters takes 8 bytes less of Redis than one of 31. */
const hashBytes = 15;

/** Where a caller's states are. */
export interface StateKeys {
  /** All of a tenant's keys have its tag, so that on a Cluster they lie together. */
  readonly tag: string;
  /** In the order of the caller's quotas. */
  readonly keys: readonly string[];
}

/**
 * `rl1:{bNN}:HASH`: the version of what is kept there, one of 32 hash tags by tenant, and a hash of
 * tenant, scope and quota. No name that a person chose stands in Redis.
 */
export function stateKeysOf({ tenant, quotas }: Caller, prefix: string): StateKeys {
  const tag = tagOf(tenant);
  const keys = quotas.map(({ stateKey }) =>
    keyOf(prefix, tag, hashOf(stateKey).toString('base64url', 0, hashBytes)),
  );
  return { tag, keys };
}

/** The hash tag of a tenant, without braces. */
export function tagOf(tenant: string): string {
  const place = (hashOf(tenant)[0] as number) % tags;
  return `b${String(place).padStart(2, '0')}`;
}

/** A key that lies where all of a tag's do. */
export function keyOf(prefix: string, tag: string, name: string): string {
  return `${prefix}:{${tag}}:${name}`;
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
