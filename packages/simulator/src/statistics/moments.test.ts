import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jain, mean, sampleStdev } from './moments.ts';

// Python 3.11: statistics.stdev([2, 4, 4, 4, 5, 5, 7, 9]).
test('the standard deviation is that of a sample', () => {
  expect(sampleStdev([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(2.138089935299395, 14);
  expect(mean([2, 4, 4, 4, 5, 5, 7, 9])).toBe(5);
});

test('one value does not vary, none has no answer', () => {
  expect(sampleStdev([3])).toBe(0);
  expect(sampleStdev([])).toBeNaN();
  expect(mean([])).toBeNaN();
  expect(jain([])).toBeNaN();
});

// The example of Jain, Chiu and Hawe, 1984: dividing 20 as 10 and 10, or all to one.
test('fairness is 1 where all have the same, and 1/n where one has it all', () => {
  expect(jain([10, 10])).toBe(1);
  expect(jain([20, 0])).toBe(0.5);
  expect(jain([0, 0, 0])).toBe(1);
  expect(jain([1, 1, 1, 0])).toBe(0.75);
});

const shares = fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 50 });

test('fairness lies between 1/n and 1, whatever the scale', () => {
  fc.assert(
    fc.property(shares, fc.integer({ min: 1, max: 1_000 }), (some, factor) => {
      const index = jain(some);
      const scaled = jain(some.map((share) => share * factor));
      return (
        index > 1 / some.length - 1e-12 && index < 1 + 1e-12 && Math.abs(index - scaled) < 1e-9
      );
    }),
  );
});

test('shifting all values does not change how they vary', () => {
  fc.assert(
    fc.property(shares, fc.integer({ min: -1_000, max: 1_000 }), (some, by) => {
      const moved = some.map((share) => share + by);
      return Math.abs(sampleStdev(some) - sampleStdev(moved)) <= 1e-6 * (1 + sampleStdev(some));
    }),
  );
});
