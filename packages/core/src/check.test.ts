import { expect, test } from 'vitest';
import { checkCount, checkMs, checkWhole } from './check.ts';

const two53 = 9_007_199_254_740_992;

test.each([
  ['a count', checkCount, [1, 7, two53 - 1], [0, -1, 1.5, two53, Infinity, Number.NaN]],
  ['a whole number', checkWhole, [0, 7, two53 - 1], [-1, 0.5, two53, Number.NaN]],
  ['milliseconds', checkMs, [0, 0.25, 1e12], [-0.1, Infinity, Number.NaN]],
])('%s: takes the sound, names the unsound', (_, check, sound, unsound) => {
  for (const value of sound) expect(() => check('size', value)).not.toThrow();
  for (const value of unsound) {
    expect(() => check('size', value)).toThrow(RangeError);
    expect(() => check('size', value)).toThrow(/^size must be a .* not /);
  }
});
