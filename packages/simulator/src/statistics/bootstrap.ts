import { seededRandom } from '@weir/core/world/random';
import { ascending, quantile } from './order.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

const resamples = 2_000;

/**
 * Where the median of what `values` were drawn from lies, with 95 % confidence: the percentile
 * bootstrap (B. Efron, Annals of Statistics 7, 1979) over 2,000 resamples. The same seed gives the
 * same interval. For differences between two runs of the same seed this is the interval of the
 * median paired difference. Of no value, both ends are NaN.
 */
export function medianInterval(values: ArrayLike<number>, seed: number): Interval {
  const sorted = ascending(values);
  const { uniform } = seededRandom(seed);
  const counts = new Uint32Array(sorted.length);
  const medians = new Float64Array(sorted.length === 0 ? 0 : resamples);
  for (let round = 0; round < medians.length; round += 1) {
    medians[round] = resampledMedian(sorted, counts, uniform);
  }
  medians.sort();
  return { low: quantile(medians, 0.025), high: quantile(medians, 0.975) };
}

/** Draws places rather than values: counting them is ten times faster than sorting each sample. */
function resampledMedian(sorted: Float64Array, counts: Uint32Array, uniform: () => number): number {
  const size = sorted.length;
  counts.fill(0);
  for (let i = 0; i < size; i += 1) {
    const place = Math.floor(uniform() * size);
    counts[place] = (counts[place] as number) + 1;
  }
  const lower = Math.floor((size - 1) / 2);
  const upper = Math.floor(size / 2);
  let seen = 0;
  let low = Number.NaN;
  for (let place = 0; place < size; place += 1) {
    const before = seen;
    seen += counts[place] as number;
    if (before <= lower && lower < seen) low = sorted[place] as number;
    if (before <= upper && upper < seen) return midway(low, sorted[place] as number);
  }
  return low;
}

function midway(low: number, high: number): number {
  return low === high ? low : low + (high - low) / 2;
}
