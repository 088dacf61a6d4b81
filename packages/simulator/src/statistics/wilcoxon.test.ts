import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signedRank } from './wilcoxon.ts';

// The example of SciPy's `wilcoxon`: heights of crossed and self-fertilised maize (Darwin, 1876).
const maize = [6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75];

test('agrees with SciPy on a sample without ties', () => {
  const { statistic, pairs, pValue } = signedRank(maize);
  expect([(pairs * (pairs + 1)) / 2 - statistic, pairs]).toEqual([24, 15]);
  expect(pValue).toBeCloseTo(0.041259765625, 15);
});

// The example of R's `wilcox.test`: V = 40, and one-sided p = 0.01953 (Hollander and Wolfe, 1973).
test('agrees with R on a sample without ties', () => {
  const before = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3];
  const after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
  const { statistic, pValue } = signedRank(before.map((value, i) => value - (after[i] as number)));
  expect(statistic).toBe(40);
  expect(pValue).toBe((2 * 10) / 512);
});

test('all pairs on one side: two patterns of all there are', () => {
  expect(signedRank([1, 2, 3, 4, 5, 6]).pValue).toBe(2 / 64);
  expect(signedRank([-1, -1, -1, -1]).pValue).toBe(2 / 16);
});

test('where nothing differs nothing is significant', () => {
  expect(signedRank([])).toEqual({ statistic: 0, pairs: 0, pValue: 1 });
  expect(signedRank([0, 0, 0])).toEqual({ statistic: 0, pairs: 0, pValue: 1 });
  expect(signedRank([1, -1, 2, -2]).pValue).toBe(1);
});

test('a difference that is no number is refused', () => {
  expect(() => signedRank([1, Number.NaN])).toThrow('NaN cannot be ranked');
});

const small = fc.array(fc.integer({ min: -6, max: 6 }), { maxLength: 12 });

test('the exact p-value is what trying all sign patterns counts, ties included', () => {
  fc.assert(
    fc.property(small, (differences) => {
      const { pValue } = signedRank(differences);
      return Math.abs(pValue - byTryingAll(differences)) < 1e-12;
    }),
    { numRuns: 60 },
  );
});

test('swapping the two sides does not change the p-value', () => {
  const any = fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 120 });
  fc.assert(
    fc.property(any, (differences) => {
      const swapped = differences.map((difference) => -difference);
      const [one, other] = [signedRank(differences).pValue, signedRank(swapped).pValue];
      return Math.abs(one - other) < 1e-9 && one > 0 && one <= 1;
    }),
  );
});

// Counted in Python over all sums of the ranks 1 to 60: 0.01613712308755153.
test('above 50 pairs the normal form stands in for the exact one', () => {
  const differences = Array.from({ length: 60 }, (_, i) => (i % 3 ? 1 : -1) * (i + 1));
  const { statistic, pValue } = signedRank(differences);
  expect(statistic).toBe(1_240);
  expect(pValue).toBeGreaterThan(0.0161 * 0.95);
  expect(pValue).toBeLessThan(0.0162 * 1.05);
});

function byTryingAll(differences: readonly number[]): number {
  const sizes = differences.filter((each) => each !== 0).map(Math.abs);
  const ranks = sizes.map(
    (size) =>
      sizes.filter((s) => s < size).length + (sizes.filter((s) => s === size).length + 1) / 2,
  );
  const signs = differences.filter((each) => each !== 0).map((each) => each > 0);
  const sumOf = (isPositive: (i: number) => boolean) =>
    ranks.reduce((sum, each, i) => sum + (isPositive(i) ? each : 0), 0);
  const middle = ranks.reduce((sum, each) => sum + each, 0) / 2;
  const off = Math.abs(sumOf((i) => signs[i] as boolean) - middle);
  let as = 0;
  for (let pattern = 0; pattern < 1 << sizes.length; pattern += 1) {
    if (Math.abs(sumOf((i) => (pattern & (1 << i)) !== 0) - middle) >= off) as += 1;
  }
  return as / (1 << sizes.length);
}
