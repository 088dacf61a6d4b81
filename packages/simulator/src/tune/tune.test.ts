import { paceDefaults } from '@weir/core/throttle/pace-options';
import { parseTuned, type Tuned } from '@weir/core/tuned';
import { expect, test } from 'vitest';
import { paretoFront } from './search.ts';
import { sideOf } from './sides.ts';
import { type TuneOptions, tune } from './tune.ts';
import tunedFile from './tuned.json' with { type: 'json' };

const options: TuneOptions = {
  sides: [],
  evaluations: 120,
  seeds: [101, 102, 103],
  heldOut: [1, 2, 3, 4],
  seed: 1,
  threads: 2,
  command: 'weir-sim tune',
  isStopped: () => false,
  onProgress: () => undefined,
};
// Comes back at once, shares by a factor of ten too little, and reserves nothing.
const bad = { firstWait: [0.5, 8], typicalPeers: 20, backoff: 1.01, referenceTokens: 2 } as const;
const client = { name: 'client', scenarios: ['H1'], startPace: bad } as const;
const server = {
  name: 'server',
  startSettings: { MAX_WORKERS: 1, MAX_QUEUE: 500, WEIR_SEGMENT_AGE_MS: 10_000 },
} as const;

test('finds a better pace than a bad one, also on seeds that it never saw', async () => {
  const { tuned, sides } = await tune({ ...options, sides: [client] });
  const [{ before, after, isBetter } = { before: undefined, after: undefined, isBetter: false }] =
    sides;

  expect(isBetter).toBe(true);
  expect(after?.score).toBeLessThan(0.7 * (before?.score ?? 0));
  expect(parseTuned(JSON.parse(JSON.stringify(tuned)))).toEqual(tuned);
});

test('finds better settings of a server than bad ones', async () => {
  const { tuned, sides } = await tune({
    ...options,
    evaluations: 25,
    seeds: [101],
    heldOut: [1],
    sides: [server],
    plan: { plan: 'free', quota: 'requests' },
  });

  expect(sides[0]?.isBetter).toBe(true);
  const { settings, plans } = tuned.server;
  expect(Object.keys(settings)).toEqual([
    ...['MAX_WORKERS', 'MAX_QUEUE', 'WEIR_SEGMENT_AGE_MS', 'WEIR_SEGMENT_EVENTS'],
    'WEIR_S3_MAX_CONCURRENCY',
  ]);
  expect(Object.keys(tuned.client.batch ?? {})).toEqual([
    ...['maxBatchEvents', 'lingerMs', 'maxConcurrency'],
  ]);
  expect(plans?.free?.requests?.burst).toBeGreaterThanOrEqual(1);
  expect(parseTuned(JSON.parse(JSON.stringify(tuned)))).toEqual(tuned);
  expect(tuned.goals.every(({ before, after }) => Number.isFinite(before + after))).toBe(true);
});

test('a side that is not searched stays as it was tuned before', async () => {
  const before = parseTuned({
    ...JSON.parse(JSON.stringify(tunedFile)),
    server: { settings: { MAX_WORKERS: 5 }, plans: { free: { requests: { burst: 6 } } } },
  }) as Tuned;
  const short = { ...options, evaluations: 3, sides: [client], before };
  const { tuned } = await tune(short);

  expect(tuned.server).toEqual(before.server);
  expect(tuned.client.throttle.options.pace?.backoff).toBe(bad.backoff);
  expect(tuned.command).toBe('weir-sim tune');

  const { tuned: other } = await tune({ ...short, sides: [server] });
  expect(other.client.throttle).toEqual(before.client.throttle);
  expect(other.goals.filter(({ side }) => side === 'client')).toEqual(before.goals);
  expect(other.command).toBe(`${before.command} && weir-sim tune`);
});

test('every parameter of a server changes what comes of it', () => {
  const side = sideOf({ name: 'server' });
  const other: Record<string, number> = {
    ...{ MAX_WORKERS: 1, MAX_QUEUE: 50, WEIR_SEGMENT_AGE_MS: 100, WEIR_SEGMENT_EVENTS: 100 },
    ...{
      WEIR_S3_MAX_CONCURRENCY: 1,
      maxBatchEvents: 2,
      lingerMs: 500,
      maxConcurrency: 1,
      burst: 1,
    },
  };
  // So few workers, so long a queue and so much under way that each bound is felt.
  const busy = side.parameters.map(({ name }, place) => {
    const felt: Record<string, number> = { WEIR_SEGMENT_EVENTS: 200, maxBatchEvents: 3 };
    return felt[name] ?? (side.start[place] as number);
  });
  const echoes = ['workers', 'writes at once', 'burst']; // aims that are parameters themselves
  const outcomeOf = (vector: readonly number[]) =>
    side.evaluate(vector, 1).filter((_, i) => !echoes.includes(side.aims[i]?.name ?? ''));
  const before = outcomeOf(busy);
  for (const [place, { name }] of side.parameters.entries()) {
    const changed = busy.with(place, other[name] as number);
    expect(outcomeOf(changed), name).not.toEqual(before);
  }
});

test('the same seed finds the same, on one thread and on two', async () => {
  const short = { ...options, evaluations: 30, sides: [client] };
  const one = await tune({ ...short, threads: 1 });

  expect((await tune(short)).tuned).toEqual(one.tuned);
});

test('keeps the start where it was stopped before it found anything', async () => {
  const { tuned } = await tune({ ...options, sides: [client], isStopped: () => true });

  expect(tuned.client.throttle.options.pace?.backoff).toBe(bad.backoff);
});

test('the throttle ships with what the committed file says', () => {
  const committed = parseTuned(tunedFile);
  const { pace } = (committed as Tuned).client.throttle.options;

  expect(paceDefaults).toEqual({ ...paceDefaults, ...pace });
  expect(committed).toHaveProperty('command', expect.stringContaining('weir-sim tune'));
});

test('a front holds what nothing else beats everywhere', () => {
  const of = (score: number, ...medians: number[]) => ({ vector: [], medians, score });
  const front = paretoFront([of(3, 1, 9), of(1, 5, 5), of(2, 9, 1), of(4, 6, 6)]);

  expect(front.map(({ score }) => score)).toEqual([1, 2, 3]);
});
