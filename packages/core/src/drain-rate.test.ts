import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DrainRate } from './drain-rate.ts';

/** Drains `amount` each second for so many seconds. */
function steady(amount: number, seconds: number, startMs = 0) {
  const rate = new DrainRate(startMs);
  for (let s = 1; s <= seconds; s += 1) rate.drained(amount, startMs + s * 1_000);
  return rate;
}

test('the wait is the depth at the measured rate', () => {
  expect(steady(100, 10).waitMs(500, 10_000, 0)).toBe(5_000);
  expect(steady(100, 60).waitMs(500, 60_999, 0)).toBeCloseTo(5_000, -1);
});

test('measures from any start of the clock', () => {
  expect(steady(100, 10, 7_654_321).waitMs(500, 7_664_321, 0)).toBe(5_000);
});

test('forgets what drained more than half a minute ago', () => {
  const rate = steady(1_000, 10);

  expect(rate.waitMs(1_000, 20_000, 0)).toBe(2_000); // 10,000 in 20 s
  expect(rate.waitMs(2_000, 36_000, 0)).toBe(14_500); // 4,000 in the 29 s since second 7
  expect(rate.waitMs(1, 41_000, 0)).toBe(20_000);
});

test('lumps count as much as drops do', () => {
  const lumps = new DrainRate(0);
  for (const s of [10, 20, 30]) lumps.drained(1_000, s * 1_000 - 1);

  expect(lumps.waitMs(300, 29_999, 0)).toBeCloseTo(3_000, -1);
});

test.each([
  ['a queue that never drained', new DrainRate(0), 5, 20_000],
  ['a deep queue', steady(1, 10), 1_000_000, 20_000],
  ['a shallow queue', steady(1_000, 10), 1, 1_000],
  ['an empty queue', steady(1_000, 10), 0, 1_000],
])('%s keeps to the bounds', (_, rate, depth, expected) => {
  expect(rate.waitMs(depth, 10_000, 0)).toBe(expected);
});

test('a lot adds up to a half and never takes any away', () => {
  const rate = steady(100, 10);

  expect(rate.waitMs(500, 10_000, 0.5)).toBe(6_250);
  expect(new DrainRate(0).waitMs(1, 0, 0.999)).toBeLessThan(30_000);
});

test('the sum over the window is never off, however the clock runs', () => {
  const steps = fc.array(
    fc.record({ gapMs: fc.oneof(fc.nat(900), fc.nat(40_000)), amount: fc.nat(1_000_000) }),
    { minLength: 1, maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, (all) => {
      const rate = new DrainRate(0);
      const drained: { slot: number; amount: number }[] = [];
      let nowMs = 0;
      for (const { gapMs, amount } of all) {
        nowMs += gapMs;
        rate.drained(amount, nowMs);
        drained.push({ slot: Math.floor(nowMs / 1_000), amount });
      }
      const slot = Math.floor(nowMs / 1_000);
      const recent = drained.filter((one) => one.slot > slot - 30);
      const total = recent.reduce((sum, { amount }) => sum + amount, 0);
      const measuredMs = Math.min(nowMs, nowMs - (slot - 29) * 1_000);
      const expected = total === 0 ? 20_000 : (12_345 * measuredMs) / total;
      expect(rate.waitMs(12_345, nowMs, 0)).toBe(Math.min(20_000, Math.max(1_000, expected)));
    }),
  );
});
