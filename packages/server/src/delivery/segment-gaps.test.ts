import { expect, test } from 'vitest';
import { gapsIn } from './segment-gaps.ts';

test('finds what is missing up to the last number, in whatever order they come', () => {
  expect(gapsIn([])).toEqual([]);
  expect(gapsIn([3, 1, 2])).toEqual([]);
  expect(gapsIn([9, 2, 5, 10, 4])).toEqual([
    { first: 1, last: 1 },
    { first: 3, last: 3 },
    { first: 6, last: 8 },
  ]);
});
