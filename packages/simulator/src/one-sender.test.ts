import { throttles } from '@weir/core/throttle/throttles';
import { describe, expect, test } from 'vitest';
import { measure } from './measure.ts';
import type { Strategy } from './model/strategy.ts';
import { runScenario } from './run.ts';
import { parseScenario, type QuotaScenario, type Tells } from './scenario.ts';
import { median } from './statistics/order.ts';

/** One throttle for all clients of a process, as the SDK has it. */
function sharing(named: boolean): Strategy {
  return {
    name: 'shared',
    sentence: '',
    named,
    start: ({ random }) => {
      const throttle = throttles.adaptive({ named }, random);
      return () => ({ is: 'throttle', throttle });
    },
  };
}

interface Case {
  readonly processes: number;
  readonly each: number;
  readonly requests: number;
  readonly perSecond: number;
  readonly tells: Tells;
}

/** Medians over twenty seeds. */
function run({ processes, each, requests, perSecond, tells }: Case) {
  const scenario = parseScenario({
    kind: 'quota',
    id: 'batches',
    durationMs: 600_000,
    server: {
      quota: { tokens: perSecond, periodMs: 1_000, burst: 10 },
      initialTokens: 10,
      tells,
    },
    network: { roundTripMs: [1, 4] },
    clients: [{ processes, each, requests }],
  }) as QuotaScenario;
  const runs = Array.from({ length: 20 }, (_, seed) =>
    measure(runScenario(scenario, sharing(tells === 'hints'), seed + 1)),
  );
  return {
    requests: median(runs.map((measures) => measures.requests)),
    refusedShare: median(runs.map(({ refusedShare }) => refusedShare)),
    seconds: median(runs.map(({ timeToClearMs }) => (timeToClearMs ?? Infinity) / 1_000)),
  };
}

const alone = { processes: 1, requests: 300, perSecond: 10 } as const;

describe.each([1, 4, 16])('300 batches on 10/s with a burst of 10, %i at once', (each) => {
  test.each(['hints', 'headers'] as const)('are refused at most once, in 31 s: %s', (tells) => {
    const { requests, seconds } = run({ ...alone, each, tells });

    expect(requests).toBeLessThanOrEqual(301);
    expect(seconds).toBeLessThanOrEqual(31);
  });

  test.each(['retry-after', 'status'] as const)('find the pace that is borne: %s', (tells) => {
    const { refusedShare, seconds } = run({ ...alone, each, tells });

    expect(refusedShare).toBeLessThanOrEqual(0.13);
    expect(seconds).toBeLessThanOrEqual(34);
  });
});

test.each([1, 4])('four processes use all of 50/s, hardly refused, %i at once', (each) => {
  const four = { processes: 4, each, requests: 375, perSecond: 50, tells: 'hints' } as const;
  const { refusedShare, seconds } = run(four);

  expect(refusedShare).toBeLessThanOrEqual(0.01);
  expect(seconds).toBeLessThanOrEqual((1_500 - 10) / 50 / 0.99);
});
