import { expect, test } from 'vitest';
import { countsBetween, measure, settledAfterMs } from './measure.ts';
import { LatencyHistogram } from './model/latency-histogram.ts';
import type { Result } from './run.ts';
import { h1 } from './scenarios/h1-heroku-gcra.ts';

const timeline = {
  windowMs: 5_000,
  admitted: Uint32Array.from([0, 5, ...new Array<number>(20).fill(25)]),
  refused: Uint32Array.from([10, 0, ...new Array<number>(20).fill(0)]),
};

function resultOf(requests: readonly number[], refused: readonly number[]): Result {
  const waits = new LatencyHistogram();
  for (let ms = 1; ms <= 100; ms += 1) waits.add(ms * 1_000);
  return {
    scenario: h1,
    strategy: 'any',
    seed: 1,
    endedMs: 100_000,
    cleared: false,
    clients: {
      requests: Float64Array.from(requests),
      refused: Float64Array.from(refused),
      longestSleepUs: Float64Array.from([1_000, 8_000_000]),
    },
    lost: 0,
    waits,
    timeline,
    tokensOffered: 200,
  };
}

test('means over clients where the gem does, and over requests where all count alike', () => {
  const measures = measure(resultOf([100, 10], [50, 0]));

  expect(measures.retryRate).toBe(0.25);
  expect(measures.refusedShare).toBeCloseTo(50 / 110, 12);
  expect(measures.requestCountStdev).toBeCloseTo(63.6396, 4);
  expect(measures.jain).toBeCloseTo(3_600 / (2 * 2_600), 12);
  expect(measures).toMatchObject({
    maxSleepMs: 8_000,
    quotaUsed: 0.3,
    timeToClearMs: null,
    peakRefusedPerSecond: 2,
    admitted: 60,
  });
  expect(measures.p99WaitMs).toBeCloseTo(99, 0);
});

test('settles with the first minute that uses the rate and refuses little', () => {
  expect(settledAfterMs(timeline, 5, 0, 110_000)).toBe(5_000);
  expect(settledAfterMs(timeline, 50, 0, 110_000)).toBeNull();
  expect(countsBetween(timeline, 0, 10_000)).toEqual({ admitted: 5, refused: 10 });
});
