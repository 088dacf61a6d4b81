import { expect, test } from 'vitest';
import { decide, isNearLimit, type NamedQuota } from './admission.ts';
import { compileQuota, gcra, type RateState } from './gcra.ts';

const t0 = 1_790_000_000_000_000;
const quotas: readonly NamedQuota[] = [
  { name: 'req', unit: 'requests', quota: perSecond(10, 4) },
  { name: 'ev', unit: 'events', quota: perSecond(100, 200) },
  { name: 'bytes', unit: 'bytes', quota: perSecond(150_000, 300_000) },
];
const fresh: readonly undefined[] = [undefined, undefined, undefined];

test('charges every quota its own part of the cost', () => {
  const decision = decide(quotas, fresh, { requests: 1, events: 50, bytes: 30_000 }, t0);

  expect(decision).toMatchObject({ allowed: true, exact: true, violated: [], retryAfterUs: 0 });
  expect(decision.oversize).toBeUndefined();
  expect(decision.verdicts.map(({ remaining }) => remaining)).toEqual([3, 150, 270_000]);
  expect(decision.verdicts.map(({ resetUs }) => resetUs)).toEqual([100_000, 500_000, 200_000]);
  expect(decision.verdicts.every(({ changed }) => changed)).toBe(true);
});

test('one no takes nothing anywhere', () => {
  const decision = decide(quotas, fresh, { requests: 1, events: 50, bytes: 250_000 }, t0);
  const states = decision.verdicts.map(({ next }) => next);

  const refused = decide(quotas, states, { requests: 1, events: 50, bytes: 100_000 }, t0);

  expect(refused).toMatchObject({ allowed: false, violated: [2], oversize: undefined });
  expect(refused.verdicts.map(({ remaining }) => remaining)).toEqual([3, 150, 50_000]);
  expect(refused.verdicts.every(({ changed }) => changed)).toBe(false);
  expect(refused.verdicts.map(({ next }) => next)).toEqual(states);
});

test('names every quota that refuses, and waits for the slowest', () => {
  const states = decide(quotas, fresh, { requests: 4, events: 200, bytes: 1 }, t0).verdicts;

  const refused = decide(
    quotas,
    states.map(({ next }) => next),
    cost(1, 30, 1),
    t0,
  );

  expect(refused.violated).toEqual([0, 1]);
  expect(refused.retryAfterUs).toBe(300_000); // 100 ms for the request, 300 ms for 30 events
});

test('a cost above the burst is named with both, and no waiting cures it', () => {
  const refused = decide(quotas, fresh, cost(1, 201, 300_001), t0);

  expect(refused.oversize).toEqual({ index: 1, cost: 201, burst: 200 });
  expect(refused.violated).toEqual([1, 2]);
  expect(refused.retryAfterUs).toBe(Infinity);
  expect(refused.verdicts[0]).toMatchObject({ remaining: 4, changed: false });
});

test('the tightest quota has the least share of its burst left', () => {
  expect(decide(quotas, fresh, cost(1, 0, 0), t0).tightest).toBe(0);
  expect(decide(quotas, fresh, cost(1, 60, 0), t0).tightest).toBe(1);
  expect(decide(quotas, fresh, cost(1, 60, 200_000), t0).tightest).toBe(2);
});

test('of quotas that are equally tight the first is named', () => {
  expect(decide(quotas, fresh, cost(0, 0, 0), t0).tightest).toBe(0);
  expect(decide(quotas, fresh, cost(1, 50, 75_000), t0).tightest).toBe(0);
});

test('of a refusal the tightest is one that refuses, even where another has less left', () => {
  const states = decide(quotas, fresh, cost(3, 0, 0), t0).verdicts.map(({ next }) => next);

  const refused = decide(quotas, states, cost(1, 201, 0), t0);

  expect(refused.verdicts[0]?.remaining).toBe(1);
  expect(refused.violated).toEqual([1]);
  expect(refused.tightest).toBe(1);
});

test('a debt above its burst is cut even when another quota refuses', () => {
  const ahead: RateState = { tatUs: t0 + 60_000_000, rest: 0, r: 1 };

  const refused = decide(quotas, [ahead, undefined, undefined], cost(0, 201, 0), t0);

  expect(refused.verdicts[0]).toMatchObject({
    allowed: true,
    changed: true,
    next: { tatUs: t0 + 400_000, rest: 0 },
  });
});

test('a cost of nothing peeks at every quota and charges none', () => {
  const states = decide(quotas, fresh, cost(4, 200, 300_000), t0).verdicts.map(({ next }) => next);

  const peeked = decide(quotas, states, cost(0, 0, 0), t0 + 100_000);

  expect(peeked.allowed).toBe(true);
  expect(peeked.verdicts.map(({ remaining }) => remaining)).toEqual([1, 10, 15_000]);
  expect(peeked.verdicts.every(({ changed }) => changed)).toBe(false);
});

test('two quotas of one unit are both charged', () => {
  const [slow, fast] = [perSecond(1, 5), perSecond(10, 2)];
  const both: readonly NamedQuota[] = [
    { name: 'slow', unit: 'requests', quota: slow },
    { name: 'fast', unit: 'requests', quota: fast },
  ];

  const { verdicts } = decide(both, [undefined, undefined], cost(2, 0, 0), t0);

  expect(verdicts[0]).toEqual(gcra(slow, undefined, t0, 2));
  expect(verdicts[1]).toEqual(gcra(fast, undefined, t0, 2));
});

function perSecond(tokens: number, burst: number) {
  return compileQuota({ tokens, periodUs: 1_000_000, burst });
}

function cost(requests: number, events: number, bytes: number) {
  return { requests, events, bytes };
}

test('a quota on trial decides and refuses nobody, and is charged only what would have passed', () => {
  const tried = quotas.map((named, i) => (i === 0 ? { ...named, shadow: true } : named));
  const spent = decide(tried, fresh, cost(4, 0, 0), t0);
  const states = spent.verdicts.map(({ next }) => next);

  const passed = decide(tried, states, cost(1, 50, 0), t0);

  expect(passed).toMatchObject({ allowed: true, violated: [], shadowed: [0], tightest: 1 });
  expect(passed.verdicts.map(({ remaining }) => remaining)).toEqual([0, 150, 300_000]);
  expect(passed.verdicts[0]).toMatchObject({ allowed: false, changed: false });
});

test('where another quota refuses, one on trial is told of apart and never as the reason', () => {
  const tried = quotas.map((named, i) => (i === 0 ? { ...named, shadow: true } : named));

  const refused = decide(tried, fresh, cost(5, 201, 0), t0);

  expect(refused).toMatchObject({ allowed: false, violated: [1], shadowed: [0], tightest: 1 });
  expect(refused.oversize).toEqual({ index: 1, cost: 201, burst: 200 });
  expect(refused.verdicts.every(({ changed }) => changed)).toBe(false);
});

test('of quotas that are all on trial none is the tightest', () => {
  const tried = quotas.map((named) => ({ ...named, shadow: true }));

  expect(decide(tried, fresh, cost(1, 1, 1), t0)).toMatchObject({ allowed: true, tightest: -1 });
  expect(decide(tried, fresh, cost(9, 1, 1), t0)).toMatchObject({ allowed: true, tightest: -1 });
});

test('near its limit is a quota of which four fifths are spent', () => {
  const events = quotas[1] as NamedQuota;
  const near = (spent: number) => isNearLimit(events, gcra(events.quota, undefined, t0, spent));

  expect([159, 160, 200].map(near)).toEqual([false, true, true]);
});
