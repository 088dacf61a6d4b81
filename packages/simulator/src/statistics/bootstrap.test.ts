import { seededRandom } from '@weir/core/world/random';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { medianInterval } from './bootstrap.ts';
import { median } from './order.ts';

const sample = fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 1, maxLength: 40 });

test('the interval holds the median of the sample, and lies within it', () => {
  fc.assert(
    fc.property(sample, fc.nat(1_000), (values, seed) => {
      const { low, high } = medianInterval(values, seed);
      const middle = median(values);
      return (
        low <= middle && middle <= high && low >= Math.min(...values) && high <= Math.max(...values)
      );
    }),
    { numRuns: 40 },
  );
});

test('the same seed gives the same interval, and order does not matter', () => {
  const values = Array.from({ length: 100 }, (_, i) => (i * 37) % 101);
  expect(medianInterval(values, 4)).toEqual(medianInterval(values.toReversed(), 4));
  expect(medianInterval(values, 4)).not.toEqual(medianInterval(values, 5));
});

test('of a sample that does not vary, or of none, nothing is uncertain', () => {
  expect(medianInterval([3, 3, 3], 1)).toEqual({ low: 3, high: 3 });
  expect(medianInterval([], 1)).toEqual({ low: Number.NaN, high: Number.NaN });
});

test('covers the true median about as often as it says', () => {
  const { uniform } = seededRandom(11);
  let covered = 0;
  for (let i = 0; i < 120; i += 1) {
    const { low, high } = medianInterval(Array.from({ length: 60 }, uniform), i);
    if (low <= 0.5 && 0.5 <= high) covered += 1;
  }
  expect(covered / 120).toBeGreaterThan(0.9);
  expect(covered / 120).toBeLessThan(0.99);
});
