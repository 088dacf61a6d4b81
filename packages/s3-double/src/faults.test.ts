import { expect, test } from 'vitest';
import { changeFaults } from './change-faults.ts';
import { type Fate, type Faults, fateOf, noFaults } from './faults.ts';

const fates = (faults: Partial<Faults>, seed = 1, count = 10_000): Fate[] =>
  Array.from({ length: count }, (_, i) => fateOf({ ...noFaults(), ...faults }, seed, ['put', i]));

test('the same seed, kind, key and attempt have the same fate, others another', () => {
  const faults = { slowDown: 0.5, latencyMedianMs: 10, latencyP99Ms: 100 };
  expect(fates(faults, 7, 50)).toEqual(fates(faults, 7, 50));
  expect(fates(faults, 7, 50)).not.toEqual(fates(faults, 8, 50));
  expect(new Set(fates(faults, 7, 50).map(({ delayBeforeMs }) => delayBeforeMs)).size).toBe(50);
});

test('troubles come in the shares that were asked for, one at a time', () => {
  const shares = {
    slowDown: 0.3,
    internalError: 0.1,
    resetBeforeCommit: 0.1,
    resetAfterCommit: 0.2,
    cutReply: 0.1,
    hang: 0.1,
  };
  const drawn = fates(shares);
  for (const [trouble, share] of Object.entries(shares)) {
    const count = drawn.filter((fate) => fate.trouble === trouble).length;
    expect(count / drawn.length, trouble).toBeCloseTo(share, 1.5);
  }
  const none = drawn.filter(({ trouble }) => trouble === undefined).length;
  expect(none / drawn.length).toBeCloseTo(0.1, 1.5);
});

test('latency has the median and the 99th percentile that were asked for', () => {
  const delays = fates({ latencyMedianMs: 20, latencyP99Ms: 500 })
    .map(({ delayBeforeMs, delayAfterMs }) => delayBeforeMs + delayAfterMs)
    .sort((a, b) => a - b);
  expect(delays[5000]).toBeGreaterThan(18);
  expect(delays[5000]).toBeLessThan(22);
  expect(delays[9900]).toBeGreaterThan(400);
  expect(delays[9900]).toBeLessThan(620);
});

test('switched off, chance does nothing', () => {
  const faults = { slowDown: 1, latencyMedianMs: 20, latencyP99Ms: 500, conflict: 1, isOn: false };
  for (const fate of fates(faults, 1, 100)) {
    const { delayBeforeMs, delayAfterMs, trouble, isConflict } = fate;
    expect({ delayMs: delayBeforeMs + delayAfterMs, trouble, isConflict }).toEqual({
      delayMs: 0,
      trouble: undefined,
      isConflict: false,
    });
  }
});

test('changes all or nothing', () => {
  const faults = noFaults();
  changeFaults(faults, { slowDown: 0.3, outage: 'hang', denied: [{ prefix: 'a' }] });
  expect(faults).toEqual({
    ...noFaults(),
    slowDown: 0.3,
    outage: 'hang',
    denied: [{ prefix: 'a' }],
  });
  changeFaults(faults, { outage: null });
  expect(faults.outage).toBeUndefined();
  expect(() => changeFaults(faults, { hang: 0.1, slowDown: 0.95 })).toThrow('more than 1');
  expect(faults).toMatchObject({ slowDown: 0.3, hang: 0 });
});

test.each([
  [{ slowdown: 0.1 }, 'there is no fault slowdown'],
  [{ slowDown: '0.1' }, 'slowDown cannot be "0.1"'],
  [{ slowDown: null }, 'slowDown cannot be undefined'],
  [{ slowDown: Number.NaN }, 'slowDown cannot be null'],
  [{ isOn: 1 }, 'isOn cannot be 1'],
  [{ outage: 'dark' }, 'outage cannot be "dark"'],
  [{ denied: { prefix: 'a' } }, 'denied cannot be'],
  [{ toString: 1 }, 'there is no fault toString'],
])('refuses %j', (changes, sentence) => {
  expect(() => changeFaults(noFaults(), changes)).toThrow(sentence);
});
