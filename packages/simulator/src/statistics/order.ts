/** A copy in ascending order. NaN has no place in an order: it throws. */
export function ascending(values: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(values).sort();
  // NaN is sorted to the end, so a look at the last one is enough.
  if (Number.isNaN(sorted[sorted.length - 1])) throw new RangeError('NaN cannot be ranked');
  return sorted;
}

/**
 * The value below which the share `q` of `sorted` lies, with straight lines between neighbours (type
 * 7 of Hyndman and Fan, 1996: what R and NumPy do unless told otherwise). NaN where there is none.
 *
 * @param sorted in ascending order
 * @param q from 0 to 1
 */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  if (!(q >= 0 && q <= 1)) throw new RangeError(`q must be from 0 to 1, not ${q}`);
  if (sorted.length === 0) return Number.NaN;
  const at = (sorted.length - 1) * q;
  const below = Math.floor(at);
  const low = sorted[below] as number;
  if (at === below) return low;
  const high = sorted[below + 1] as number;
  // Between equal infinities the line would be NaN.
  return low === high ? low : low + (high - low) * (at - below);
}

export function median(values: ArrayLike<number>): number {
  return quantile(ascending(values), 0.5);
}
