import { compileQuota, gcra, type RateState } from '@weir/core/gcra';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DiurnalScenario } from '../scenario.ts';
import { h10 } from '../scenarios/h10-replay.ts';
import { diurnal, profile } from './diurnal.ts';
import { Replay } from './replay.ts';
import type { Arrival } from './trace-parser.ts';

const perSecond = compileQuota({ tokens: 1, periodUs: 1_000_000, burst: 3 });

function replay(arrivals: readonly Partial<Arrival>[], unit: 'requests' | 'bytes' = 'requests') {
  const replaying = new Replay(perSecond, unit);
  for (const each of arrivals) replaying.take({ us: 0, key: 0, events: 1, bytes: 1, ...each });
  return replaying.report(['a', 'b']);
}

test('says what a quota refuses, how long senders would wait instead, and what burst is enough', () => {
  const arrivals = [0, 0, 0, 0, 0].map((us) => ({ us }));
  expect(replay([...arrivals, { us: 0, key: 1 }])).toMatchObject({
    keys: 2,
    requests: 6,
    refusedShare: 2 / 6,
    keysRefused: 1,
    busiestSecond: 6,
    burstNeeded: 5,
    paced: { waitMaxMs: 2_000, heldShare: 2 / 6 },
    worst: [{ key: 'a', requests: 5, refused: 2 }],
  });
});

test('what no burst holds is counted as such, and holds nobody up', () => {
  const report = replay(
    [
      { us: 0, bytes: 4 },
      { us: 1, bytes: 3 },
    ],
    'bytes',
  );
  expect(report).toMatchObject({ oversize: 1, refusedShare: 0.5, paced: { waitMaxMs: 0 } });
});

test('a trace without requests is a trace', () => {
  expect(replay([])).toMatchObject({ requests: 0, refusedShare: 0, busiestSecond: 0, worst: [] });
});

const times = fc.array(fc.nat(2_000_000), { minLength: 1, maxLength: 60 });

test('with the burst that it names nothing is refused, and with one less something is', () => {
  fc.assert(
    fc.property(times, (gaps) => {
      const quota = compileQuota({ tokens: 3, periodUs: 2_000_000, burst: 1 });
      const arrivals: Arrival[] = [];
      let us = 0;
      for (const gap of gaps) {
        us += gap;
        arrivals.push({ us, key: 0, events: 1, bytes: 0 });
      }
      const replaying = new Replay(quota, 'requests');
      for (const each of arrivals) replaying.take(each);
      const { burstNeeded } = replaying.report(['a']);
      expect(refusals(arrivals, burstNeeded)).toBe(0);
      if (burstNeeded > 1) expect(refusals(arrivals, burstNeeded - 1)).toBeGreaterThan(0);
    }),
  );
});

function refusals(arrivals: readonly Arrival[], burst: number): number {
  const quota = compileQuota({ tokens: 3, periodUs: 2_000_000, burst });
  let state: RateState | undefined;
  let refused = 0;
  for (const { us } of arrivals) {
    const verdict = gcra(quota, state, us, 1);
    state = verdict.next;
    if (!verdict.allowed) refused += 1;
  }
  return refused;
}

const small: DiurnalScenario = { ...h10, requests: 20_000, keys: 20 };

test('a generated day has its requests, in order, with its peak, and is the same for the same seed', () => {
  const day = (seed: number) => {
    const times: number[] = [];
    diurnal(small, seed, ({ us, key }) => times.push(us * 100 + key));
    return times;
  };
  const times = day(1).map((each) => Math.floor(each / 100));
  expect(times).toHaveLength(20_000);
  expect(times.every((us, i) => i === 0 || us >= (times[i - 1] as number))).toBe(true);
  expect(times.at(-1)).toBeLessThan(86_400_000_000);
  const around = times.filter((us) => Math.abs(us - 43_200_000_000) < 600_000_000).length;
  expect(around / (20_000 / 72)).toBeGreaterThan(1.8);
  expect(around / (20_000 / 72)).toBeLessThan(2.2);
  expect(day(1)).toEqual(day(1));
  expect(day(1)).not.toEqual(day(2));
});

test('a day has the peak it was asked for, and no rate below nothing', () => {
  for (const ratio of [1, 1.5, 2, 3, 10, 50]) {
    const rates = profile(ratio);
    expect(Math.max(...rates)).toBeCloseTo(ratio, 9);
    expect(rates.reduce((sum, rate) => sum + rate, 0) / rates.length).toBeCloseTo(1, 9);
    expect(Math.min(...rates)).toBeGreaterThanOrEqual(-1e-12);
  }
});
