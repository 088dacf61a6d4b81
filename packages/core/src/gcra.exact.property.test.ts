import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileQuota, gcra, type RateState, refund } from './gcra.ts';
import { BigModel } from './gcra-exact.model.ts';

const t0 = 1_790_000_000_000_000;
const dayUs = 86_400_000_000;

const whole = (min: number, max: number) =>
  fc.oneof(fc.integer({ min, max: Math.min(max, 12) }), fc.maxSafeInteger().map(wrap(min, max)));
const wrap = (min: number, max: number) => (n: number) => min + (Math.abs(n) % (max - min + 1));
const anyQuota = fc
  .record({
    tokens: whole(1, 100_000_000_000),
    periodUs: whole(1, 31 * dayUs),
    burst: whole(1, 10_000_000_000),
  })
  .filter((terms) => {
    try {
      return compileQuota(terms).cap > 0;
    } catch {
      return false;
    }
  });
// Shares of a burst and of the time a burst takes: so that every quota meets its own edges.
const share = fc.double({ min: 0, max: 1.1, noNaN: true });
const anySteps = fc.array(
  fc.record({
    gap: fc.oneof(fc.constantFrom(0, 0, -0.5), share),
    share: fc.oneof(fc.constantFrom(0, 1), share),
    back: fc.constantFrom(false, false, false, true),
  }),
  { minLength: 20, maxLength: 60 },
);

test('never differs from arithmetic that cannot round, over 100,000 random steps', () => {
  let stepCount = 0;
  fc.assert(
    fc.property(anyQuota, anySteps, (terms, steps) => {
      stepCount += steps.length;
      const quota = compileQuota(terms);
      const model = new BigModel(terms);
      const fullUs = Math.min(dayUs, quota.cap / quota.r);
      let nowUs = t0;
      let state: RateState | undefined;
      for (const { gap, share, back } of steps) {
        nowUs += Math.ceil(gap * fullUs);
        const cost = share === 1 ? 1 : Math.floor(share * quota.burst);
        if (back) {
          model.refund(nowUs, cost);
          ({ next: state } = refund(quota, state, nowUs, cost));
          continue;
        }
        const { next, changed, ...verdict } = gcra(quota, state, nowUs, cost);
        expect(verdict).toEqual(model.take(nowUs, cost));
        if (changed) state = next;
      }
    }),
    { numRuns: 3_000 },
  );
  expect(stepCount).toBeGreaterThan(100_000);
});
