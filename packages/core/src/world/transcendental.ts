// Engines differ in the last bits of their own logarithms, powers and roots, and a run must repeat
// itself on all of them. These use only operations that IEEE 754 pins down.

const ln2High = 0.6931471803691238; // its last 21 bits are 0: times a small whole number it is exact
const ln2Low = 1.9082149292705877e-10;
const twoTo52 = 4_503_599_627_370_496;
const largestExponent = 709.782712893384;
const leastExponent = -745.1332191019411;

/** Natural logarithm, off by at most 2 units in the last place. -Infinity for 0, NaN below. */
export function ln(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : Number.NaN;
  if (x === Infinity) return x;
  const { mantissa, exponent } = split(x);
  const s = (mantissa - 1) / (mantissa + 1); // ln m = 2 artanh s, |s| ≤ 0.172
  const square = s * s;
  let sum = 0;
  for (let k = 21; k >= 3; k -= 2) sum = (sum + 1 / k) * square;
  return exponent * ln2High + (2 * s + (2 * s * sum + exponent * ln2Low));
}

/** e to the power of x, off by at most 2 units in the last place where the result is normal. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > largestExponent) return Infinity;
  if (x < leastExponent) return 0;
  const exponent = Math.floor(x / Math.LN2 + 0.5);
  const rest = x - exponent * ln2High - exponent * ln2Low; // at most 0.347
  let sum = 1;
  for (let k = 15; k >= 1; k -= 1) sum = 1 + (sum * rest) / k;
  return scale(sum, exponent);
}

/** Cube root, exact to 2 units in the last place; of negative numbers, too. */
export function cbrt(x: number): number {
  if (x === 0 || !Number.isFinite(x)) return x;
  const size = x < 0 ? -x : x;
  let root = exp(ln(size) / 3);
  root -= (root * root * root - size) / (3 * root * root); // a step of Newton's
  return x < 0 ? -root : root;
}

/** x = mantissa × 2^exponent, the mantissa between 1/√2 and √2. */
function split(x: number): { readonly mantissa: number; readonly exponent: number } {
  let mantissa = x;
  let exponent = 0;
  // Near 1, as ratios are, ln takes 40 ns this way, and 135 by the search below.
  if (x > 0.0001 && x < 10_000) {
    for (; mantissa >= 2; exponent += 1) mantissa /= 2;
    for (; mantissa < 1; exponent -= 1) mantissa *= 2;
    return balanced(mantissa, exponent);
  }
  if (mantissa < 2.2250738585072014e-308) {
    mantissa *= twoTo52;
    exponent -= 52;
  }
  for (let step = 512; step >= 1; step /= 2) {
    const factor = powerOfTwo(step);
    if (mantissa >= factor) {
      mantissa /= factor;
      exponent += step;
    } else if (mantissa * factor < 2) {
      mantissa *= factor;
      exponent -= step;
    }
  }
  return balanced(mantissa, exponent);
}

/** Of a mantissa from 1 up to 2. */
function balanced(mantissa: number, exponent: number): ReturnType<typeof split> {
  return mantissa > Math.SQRT2
    ? { mantissa: mantissa / 2, exponent: exponent + 1 }
    : { mantissa, exponent };
}

/** In two steps, as a power below the least normal number is none of its own. */
function scale(x: number, exponent: number): number {
  const half = Math.trunc(exponent / 2);
  return x * powerOfTwo(half) * powerOfTwo(exponent - half);
}

function powerOfTwo(exponent: number): number {
  let base = exponent < 0 ? 0.5 : 2;
  let power = 1;
  for (let left = Math.abs(exponent); left >= 1; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power *= base;
    base *= base;
  }
  return power;
}
