import { createHash } from 'node:crypto';
import { systemWorld } from '@weir/core/world/system';
import { expect, test } from 'vitest';
import { formatKey, keepKey, newKey, parseKey } from './key.ts';

test('a key is weir_KEYID_SECRET, and no two are alike', () => {
  const keys = Array.from({ length: 200 }, () => formatKey(newKey(systemWorld)));
  for (const key of keys) expect(key).toMatch(/^weir_[a-z0-9]{12}_[0-9A-Za-z]{43}$/);
  expect(new Set(keys).size).toBe(200);
});

test('a secret keeps all 256 bits it was made of', () => {
  const world = { ...systemWorld, randomBytes: (n: number) => new Uint8Array(n).fill(255) };
  // 2^256 - 1 in base 62, worked out apart from this code.
  expect(newKey(world).secret).toBe('YHJSKWDa6oz1al1yMhwzwM8llg7hJNUca2J5RoW8xP1');
});

test('what is formatted is parsed again, and nothing else is', () => {
  const key = newKey(systemWorld);
  expect(parseKey(formatKey(key))).toEqual(key);
  for (const wrong of ['', 'weir_', `${formatKey(key)}x`, ` ${formatKey(key)}`, 'weir_ABC_x']) {
    expect(parseKey(wrong)).toBeUndefined();
  }
});

test('of a key only the SHA-256 of salt bytes and secret is kept', () => {
  const key = newKey(systemWorld);
  const { id, salt, hash } = keepKey(key, systemWorld);
  const expected = createHash('sha256').update(salt).update(key.secret).digest('hex');
  expect(id).toBe(key.id);
  expect(salt).toHaveLength(16);
  expect(Buffer.from(hash).toString('hex')).toBe(expected);
  expect(keepKey(key, systemWorld).salt).not.toEqual(salt);
});
