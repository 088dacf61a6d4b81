import { expect, test } from 'vitest';
import { Batcher } from './batcher.ts';

const bounds = { maxCount: 3, maxBytes: 100, maxAgeMs: 10_000 };

test('an empty batch is never ready', () => {
  expect(new Batcher(bounds).readyAtMs()).toBe(Infinity);
});

test('is ready when its first item has reached the age, not the last', () => {
  const batcher = new Batcher(bounds);
  batcher.add(1, 5_000);
  batcher.add(1, 9_000);

  expect(batcher.readyAtMs()).toBe(15_000);
});

test('is ready at once when it is full, by count or by bytes', () => {
  const byCount = new Batcher(bounds);
  for (let i = 0; i < 3; i += 1) byCount.add(1, 0);
  const byBytes = new Batcher(bounds);
  byBytes.add(100, 0);

  expect(byCount.readyAtMs()).toBe(-Infinity);
  expect(byBytes.readyAtMs()).toBe(-Infinity);
});

test('tells whether one more fits, and counts what it holds', () => {
  const batcher = new Batcher(bounds);
  batcher.add(60, 0);

  expect(batcher.fits(40)).toBe(true);
  expect(batcher.fits(41)).toBe(false);
  batcher.add(1, 0);
  batcher.add(1, 0);
  expect(batcher.fits(0)).toBe(false);
  expect([batcher.count, batcher.bytes]).toEqual([3, 62]);
});

test('an item larger than a batch gets a batch of its own', () => {
  const batcher = new Batcher(bounds);

  expect(batcher.fits(5_000)).toBe(true);
  batcher.add(5_000, 0);
  expect(batcher.readyAtMs()).toBe(-Infinity);
});

test('begins anew once it was taken', () => {
  const batcher = new Batcher(bounds);
  batcher.add(99, 0);
  batcher.taken();

  expect([batcher.count, batcher.bytes, batcher.readyAtMs()]).toEqual([0, 0, Infinity]);
  batcher.add(1, 20_000);
  expect(batcher.readyAtMs()).toBe(30_000);
});

test('is brought forward for those who wait, never put off', () => {
  const batcher = new Batcher(bounds);
  batcher.add(1, 0);
  batcher.bringForward(250, 1_000);
  batcher.bringForward(250, 1_100);
  expect(batcher.readyAtMs()).toBe(1_250);

  const old = new Batcher(bounds);
  old.add(1, 0);
  old.bringForward(250, 9_900);
  expect(old.readyAtMs()).toBe(10_000);
});

test('is brought forward at most once a second', () => {
  const batcher = new Batcher(bounds);
  batcher.add(1, 0);
  batcher.bringForward(250, 0);
  batcher.taken();
  batcher.add(1, 300);
  batcher.bringForward(250, 300);
  expect(batcher.readyAtMs()).toBe(1_250);

  batcher.taken();
  batcher.add(1, 5_000);
  batcher.bringForward(250, 5_000);
  expect(batcher.readyAtMs()).toBe(5_250);
});

test('a batch that ended by itself does not delay the next who waits', () => {
  const batcher = new Batcher({ ...bounds, maxAgeMs: 100 });
  batcher.add(1, 0);
  batcher.bringForward(250, 0);
  batcher.taken();
  batcher.add(1, 150);
  batcher.bringForward(50, 150);

  expect(batcher.readyAtMs()).toBe(200);
});

test('an empty batch has nothing to bring forward', () => {
  const batcher = new Batcher(bounds);
  batcher.bringForward(250, 0);
  expect(batcher.readyAtMs()).toBe(Infinity);

  batcher.add(1, 500);
  expect(batcher.readyAtMs()).toBe(10_500);
});

test.each([
  [{ ...bounds, maxCount: 0 }, /^maxCount must be/],
  [{ ...bounds, maxBytes: 1.5 }, /^maxBytes must be/],
  [{ ...bounds, maxAgeMs: -1 }, /^maxAgeMs must be/],
])('refuses bounds that bound nothing: %j', (bad, message) => {
  expect(() => new Batcher(bad)).toThrow(message);
});
