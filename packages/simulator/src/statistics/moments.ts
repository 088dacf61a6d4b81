export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += values[i] as number;
  return sum / values.length;
}

/** Standard deviation of a sample: divided by n - 1. 0 for a single value, NaN for none. */
export function sampleStdev(values: ArrayLike<number>): number {
  if (values.length < 2) return values.length === 1 ? 0 : Number.NaN;
  const middle = mean(values);
  let squares = 0;
  for (let i = 0; i < values.length; i += 1) {
    const off = (values[i] as number) - middle;
    squares += off * off;
  }
  return Math.sqrt(squares / (values.length - 1));
}

/**
 * Jain's index of fairness: from 1/n, where one has it all, to 1, where all have the same (R. Jain,
 * D. Chiu, W. Hawe, DEC-TR-301, 1984). 1 where nobody has anything; NaN for no value at all.
 *
 * @param shares zero or more each
 */
export function jain(shares: ArrayLike<number>): number {
  if (shares.length === 0) return Number.NaN;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < shares.length; i += 1) {
    const share = shares[i] as number;
    sum += share;
    squares += share * share;
  }
  return squares === 0 ? 1 : (sum * sum) / (shares.length * squares);
}
