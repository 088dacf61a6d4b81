import { expect, test } from 'vitest';
import { h9 } from '../scenarios/h9-aws-occ.ts';
import { type AwsBackoffName, awsBackoffs } from './aws-backoff.ts';
import { contestMeans, optimisticWriters } from './optimistic-writers.ts';

// Measured with the model of src/backoff_simulator.py of aws-samples/aws-arch-backoff-simulator
// (66cb169), in Python: mean time and write calls of 4,000 runs for 10 clients, else of 100. (The
// means of 100 runs for 10 clients, 3289/50, 428/37, 698/42, 478/39, 381/51, are off by 2 % to 4 %.)
const measured: readonly [number, AwsBackoffName, number, number][] = [
  [10, 'exponential', 3_485, 50.9],
  [10, 'decorrelated', 435, 37.7],
  [10, 'equal', 730, 42.6],
  [10, 'full', 463, 39],
  [10, 'none', 380, 50.9],
  [100, 'exponential', 63_392, 1_856],
  [100, 'decorrelated', 4_543, 997],
  [100, 'equal', 6_718, 814],
  [100, 'full', 4_927, 796],
  [100, 'none', 2_034, 2_430],
  [190, 'exponential', 101_829, 5_165],
  [190, 'decorrelated', 7_929, 2_426],
  [190, 'equal', 9_448, 1_760],
  [190, 'full', 7_576, 1_772],
  [190, 'none', 3_542, 8_009],
];

test.each(measured)('%i clients, %s: about %i ms and %i calls', (clients, name, ms, calls) => {
  // Small contests vary more, and cost less: so many runs that the mean is sure to about 1 %.
  const runs = clients === 10 ? 4_000 : 40;
  const { meanMs, meanCalls } = contestMeans({ ...h9, runs }, clients, awsBackoffs[name], 1);
  expect(Math.abs(meanMs / ms - 1)).toBeLessThan(0.05);
  expect(Math.abs(meanCalls / calls - 1)).toBeLessThan(0.05);
});

test('a single client needs one write and four hops', () => {
  const { lastMs, calls } = optimisticWriters(h9, 1, awsBackoffs.full, 3);
  expect(calls).toBe(1);
  expect(lastMs).toBeGreaterThan(20);
  expect(lastMs).toBeLessThan(60);
});

test('the same seed gives the same contest', () => {
  const contest = (seed: number) => optimisticWriters(h9, 20, awsBackoffs.decorrelated, seed);
  expect(contest(5)).toEqual(contest(5));
  expect(contest(5)).not.toEqual(contest(6));
});
