import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { AddressLimit } from './address-limit.ts';

test('an address has its rate and twice as much at once, and others have theirs', () => {
  const world = new VirtualWorld({ seed: 1 });
  const limit = new AddressLimit(10, world);
  const taken = Array.from({ length: 25 }, () => limit.take('192.0.2.1'));
  expect(taken.filter((waitMs) => waitMs === undefined)).toHaveLength(20);
  expect(taken.at(-1)).toBe(100);
  expect(limit.take('192.0.2.2')).toBeUndefined();
  world.advance(100);
  expect(limit.take('192.0.2.1')).toBeUndefined();
  expect(limit.take('192.0.2.1')).toBe(100);
});

test('no more than 100,000 addresses are remembered, and those that come last are', () => {
  const limit = new AddressLimit(1, new VirtualWorld({ seed: 1 }));
  const take = (i: number) => limit.take(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  take(0);
  take(0);
  expect(take(0)).toBeGreaterThan(0);
  for (let i = 1; i < 100_000; i += 1) take(i);
  expect(take(0)).toBeGreaterThan(0); // heard again, so it is not the oldest
  for (let i = 100_000; i < 150_000; i += 1) take(i);
  expect(limit.size).toBe(100_000);
  expect(take(0)).toBeGreaterThan(0);
});
