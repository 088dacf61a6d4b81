import { expect, test } from 'vitest';
import { BoundedCache } from './bounded-cache.ts';

test('forgets what was not used for longest, beyond its number of entries', () => {
  const cache = new BoundedCache<number>({ entries: 2, bytes: 100 });
  cache.set('a', 1, 1);
  cache.set('b', 2, 1);
  expect(cache.get('a')).toBe(1);
  cache.set('c', 3, 1);
  expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual([1, undefined, 3]);
});

test('forgets as much as it needs to stay within its bytes', () => {
  const cache = new BoundedCache<number>({ entries: 10, bytes: 100 });
  cache.set('a', 1, 40);
  cache.set('b', 2, 40);
  cache.set('b', 3, 60);
  expect(cache.get('a')).toBe(1);
  cache.set('c', 4, 60);
  expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual([1, undefined, 4]);
  cache.set('d', 5, 101);
  expect(['a', 'c', 'd'].map((key) => cache.get(key))).toEqual([undefined, undefined, undefined]);
});
