import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Cost, costIn, decide, type NamedQuota, type Unit } from './admission.ts';
import { compileQuota, gcra, type RateState, type Verdict } from './gcra.ts';

const t0 = 1_790_000_000_000_000;
const units: readonly Unit[] = ['requests', 'events', 'bytes'];
const quotas = fc.array(
  fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    unit: fc.constantFrom(...units),
    quota: fc
      .record({
        tokens: fc.integer({ min: 1, max: 1_000 }),
        periodUs: fc.integer({ min: 1, max: 2_000_000 }),
        burst: fc.integer({ min: 1, max: 60 }),
      })
      .map(compileQuota),
  }),
  { minLength: 1, maxLength: 5 },
);
const costs: fc.Arbitrary<Cost> = fc.record({
  requests: fc.nat(2),
  events: fc.nat(20),
  bytes: fc.nat(40),
});
const steps = fc.array(
  fc.record({
    gapUs: fc.oneof(fc.constant(0), fc.integer({ min: -300_000, max: 900_000 })),
    cost: costs,
  }),
  { minLength: 5, maxLength: 40 },
);

test('is yes where every quota alone says yes; any no takes nothing anywhere', () => {
  let decisions = 0;
  let refusals = 0;
  fc.assert(
    fc.property(quotas, steps, (all, arrivals) => {
      walk(all, arrivals, (states, cost, nowUs) => {
        const decision = decide(all, states, cost, nowUs);
        const alone = all.map(({ quota, unit }, i) =>
          gcra(quota, states[i], nowUs, costIn(unit, cost)),
        );
        const allowed = alone.every((verdict) => verdict.allowed);
        const expected = allowed
          ? alone
          : all.map(({ quota }, i) => gcra(quota, states[i], nowUs, 0));
        decisions += 1;
        refusals += allowed ? 0 : 1;
        // Compared by hand: a hundred thousand calls of `expect` take minutes.
        const agrees = decision.verdicts.every((verdict, i) => keepsAlike(verdict, expected[i]));
        if (decision.allowed !== allowed || !agrees) expect(decision.verdicts).toEqual(expected);
        return decision;
      });
    }),
    { numRuns: 10_000 },
  );
  expect(decisions).toBeGreaterThan(100_000);
  expect(refusals).toBeGreaterThan(10_000);
});

test('a refused request passes at the instant it was told, and not a microsecond earlier', () => {
  let refusals = 0;
  fc.assert(
    fc.property(quotas, steps, (all, arrivals) => {
      walk(all, arrivals, (states, cost, nowUs) => {
        const decision = decide(all, states, cost, nowUs);
        if (!decision.allowed && decision.oversize === undefined) {
          refusals += 1;
          const after = decision.verdicts.map(({ next }) => next);
          const { retryAfterUs } = decision;
          expect(decide(all, after, cost, nowUs + retryAfterUs).allowed).toBe(true);
          expect(decide(all, after, cost, nowUs + retryAfterUs - 1).allowed).toBe(false);
        }
        return decision;
      });
    }),
    { numRuns: 500 },
  );
  expect(refusals).toBeGreaterThan(1_000);
});

test('what is said about a decision agrees with its verdicts', () => {
  fc.assert(
    fc.property(quotas, steps, (all, arrivals) => {
      walk(all, arrivals, (states, cost, nowUs) => {
        const decision = decide(all, states, cost, nowUs);
        const { verdicts, violated, oversize, tightest } = decision;
        expect(violated).toEqual([...verdicts.keys()].filter((i) => !verdicts[i]?.allowed));
        expect(decision.allowed).toBe(violated.length === 0);
        expect(oversize?.index).toBe([...verdicts.keys()].find((i) => verdicts[i]?.oversize));
        const looked = decision.allowed ? [...verdicts.keys()] : violated;
        expect(looked).toContain(tightest);
        const share = (i: number) => (verdicts[i]?.remaining ?? 0) / (all[i]?.quota.burst ?? 0);
        for (const i of looked) expect(share(tightest)).toBeLessThanOrEqual(share(i));
        return decision;
      });
    }),
    { numRuns: 500 },
  );
});

function walk(
  all: readonly NamedQuota[],
  arrivals: readonly { gapUs: number; cost: Cost }[],
  step: (
    states: readonly (RateState | undefined)[],
    cost: Cost,
    nowUs: number,
  ) => ReturnType<typeof decide>,
): void {
  let nowUs = t0;
  const states: (RateState | undefined)[] = all.map(() => undefined);
  for (const { gapUs, cost } of arrivals) {
    nowUs += gapUs;
    const { verdicts } = step([...states], cost, nowUs);
    for (const [i, { changed, next }] of verdicts.entries()) if (changed) states[i] = next;
  }
}

function keepsAlike(verdict: Verdict, expected: Verdict | undefined): boolean {
  return (
    verdict.changed === expected?.changed &&
    verdict.remaining === expected.remaining &&
    verdict.next?.tatUs === expected.next?.tatUs &&
    verdict.next?.rest === expected.next?.rest
  );
}
