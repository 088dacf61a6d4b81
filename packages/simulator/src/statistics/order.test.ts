import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ascending, median, quantile } from './order.ts';

// NumPy 1.26: numpy.quantile([1, 2, 4, 8, 16], q), whose default is type 7.
test.each([
  [0, 1],
  [0.025, 1.1],
  [0.25, 2],
  [0.5, 4],
  [0.6, 5.6],
  [0.975, 15.2],
  [1, 16],
])('the share %f lies below %f', (q, value) => {
  expect(quantile([1, 2, 4, 8, 16], q)).toBeCloseTo(value, 12);
});

test('the median of an even number of values lies midway', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([7])).toBe(7);
  expect(median([])).toBeNaN();
});

test('infinity is a value like any other', () => {
  expect(median([1, Infinity, Infinity, Infinity])).toBe(Infinity);
  expect(median([1, 2, Infinity])).toBe(2);
});

test('what cannot be ranked is refused', () => {
  expect(() => median([1, Number.NaN])).toThrow('NaN cannot be ranked');
  expect(() => quantile([1], 1.5)).toThrow('q must be from 0 to 1, not 1.5');
});

test('a quantile lies within the values, and grows with its share', () => {
  const values = fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1 });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(values, share, share, (some, a, b) => {
      const sorted = ascending(some);
      const [low, high] = [quantile(sorted, Math.min(a, b)), quantile(sorted, Math.max(a, b))];
      return low <= high && low >= Math.min(...some) && high <= Math.max(...some);
    }),
  );
});
