import { twoSidedNormal } from './normal.ts';

export interface SignedRank {
  /** Sum of the ranks of positive differences. */
  readonly statistic: number;
  /** Differences that are not zero. */
  readonly pairs: number;
  /** Two-sided: the chance of a sum at least as far from its mean, if sign were a coin. */
  readonly pValue: number;
}

const exactUpTo = 50; // 2^50 sign patterns still count exactly

/**
 * Wilcoxon's signed-rank test on paired differences (F. Wilcoxon, Biometrics Bulletin 1, 1945): is
 * one side larger more often, and by more, than chance explains? Zeros are left out; equal sizes
 * share the mean of their ranks. Up to 50 pairs the p-value is exact, ties included, by counting the
 * sign patterns; beyond that it is normal, corrected for ties and continuity. 1 where nothing differs.
 */
export function signedRank(differences: ArrayLike<number>): SignedRank {
  const { doubledRanks, isPositive, tieLoss } = rank(differences);
  const pairs = doubledRanks.length;
  let doubled = 0;
  for (let i = 0; i < pairs; i += 1) if (isPositive[i]) doubled += doubledRanks[i] as number;
  const pValue =
    pairs === 0
      ? 1
      : pairs <= exactUpTo
        ? exactTails(doubledRanks, doubled)
        : normalTails(pairs, doubled / 2, tieLoss);
  return { statistic: doubled / 2, pairs, pValue };
}

/** Ranks of the sizes, doubled, since the mean of tied ranks may be a half. */
function rank(differences: ArrayLike<number>) {
  const kept = Array.from(differences).filter((difference) => difference !== 0);
  if (kept.some(Number.isNaN)) throw new RangeError('NaN cannot be ranked');
  kept.sort((a, b) => Math.abs(a) - Math.abs(b));
  const doubledRanks = new Int32Array(kept.length);
  let tieLoss = 0;
  for (let from = 0; from < kept.length; ) {
    const size = Math.abs(kept[from] as number);
    let to = from;
    while (to < kept.length && Math.abs(kept[to] as number) === size) to += 1;
    doubledRanks.fill(from + 1 + to, from, to);
    const tied = to - from;
    tieLoss += tied * tied * tied - tied;
    from = to;
  }
  return { doubledRanks, isPositive: kept.map((difference) => difference > 0), tieLoss };
}

function exactTails(doubledRanks: Int32Array, doubled: number): number {
  const total = doubledRanks.reduce((sum, each) => sum + each, 0);
  const patterns = new Float64Array(total + 1); // sum → number of sign patterns that have it
  patterns[0] = 1;
  let reached = 0;
  for (const each of doubledRanks) {
    reached += each;
    for (let sum = reached; sum >= each; sum -= 1) {
      patterns[sum] = (patterns[sum] as number) + (patterns[sum - each] as number);
    }
  }
  const tail = Math.min(doubled, total - doubled); // the distribution is symmetric
  let count = 0;
  for (let sum = 0; sum <= tail; sum += 1) count += patterns[sum] as number;
  for (let i = 0; i < doubledRanks.length; i += 1) count /= 2;
  return Math.min(1, 2 * count);
}

function normalTails(pairs: number, statistic: number, tieLoss: number): number {
  const expected = (pairs * (pairs + 1)) / 4;
  const variance = (pairs * (pairs + 1) * (2 * pairs + 1)) / 24 - tieLoss / 48;
  const off = Math.max(0, Math.abs(statistic - expected) - 0.5);
  return twoSidedNormal(off / Math.sqrt(variance));
}
