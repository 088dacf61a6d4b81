import { exp } from '@weir/core/world/transcendental';

const seriesUpTo = 2;
const fractionDepth = 120;

/** The chance that a standard normal value lies at least `z` from 0, on either side. `z` ≥ 0. */
export function twoSidedNormal(z: number): number {
  if (z > 38) return 0; // below the least number there is
  const density = exp((-z * z) / 2) * 0.797_884_560_802_865_4; // √(2/π)
  return z < seriesUpTo ? 1 - density * centralSeries(z) : density / tailFraction(z);
}

/** Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.11. */
function centralSeries(z: number): number {
  let term = z;
  let sum = z;
  for (let odd = 3; term > sum * 1e-17; odd += 2) {
    term *= (z * z) / odd;
    sum += term;
  }
  return sum;
}

/** The same, 26.2.14: z + 1/(z + 2/(z + 3/(z + …))). */
function tailFraction(z: number): number {
  let fraction = z;
  for (let depth = fractionDepth; depth >= 1; depth -= 1) fraction = z + depth / fraction;
  return fraction;
}
