import fc from 'fast-check';
import { expect, test } from 'vitest';
import { admits, compileQuota, gcra, type Quota, type RateState, refund } from './gcra.ts';

const t0 = 1_790_000_000_000_000;
const quotas = fc
  .record({
    tokens: fc.integer({ min: 1, max: 2_000 }),
    periodUs: fc.integer({ min: 1, max: 5_000_000 }),
    burst: fc.integer({ min: 1, max: 100 }),
  })
  .map(compileQuota);
const costs = fc.integer({ min: 0, max: 20 });
const arrivals = fc.array(fc.record({ gapUs: fc.nat(200_000), cost: costs }), { maxLength: 60 });
/** Any debt that a quota can have come into. */
const owing = quotas.chain((quota) =>
  fc.record({
    quota: fc.constant(quota),
    state: fc
      .record({ owed: fc.nat(Math.ceil((1.5 * quota.cap) / quota.r)), rest: fc.nat(quota.r - 1) })
      .map(({ owed, rest }): RateState => ({ tatUs: t0 + owed, rest, r: quota.r })),
  }),
);

test('no window ever admits more than the burst plus what its length earns', () => {
  fc.assert(
    fc.property(quotas, arrivals, (quota, steps) => {
      const admitted = replay(quota, steps);
      for (const [i, first] of admitted.entries()) {
        let spent = 0;
        for (const last of admitted.slice(i)) {
          spent += last.cost;
          const earned = Math.floor(((last.atUs - first.atUs) * quota.tokens) / quota.periodUs);
          if (spent > quota.burst + earned) return false;
        }
      }
      return true;
    }),
  );
});

test('a refusal names the first instant at which the same cost passes', () => {
  fc.assert(
    fc.property(owing, costs, ({ quota, state }, cost) => {
      const refused = gcra(quota, state, t0, cost);
      fc.pre(!(refused.allowed || refused.oversize));
      const passesAt = (nowUs: number) => gcra(quota, refused.next, nowUs, cost).allowed;
      expect(passesAt(t0 + refused.retryAfterUs)).toBe(true);
      expect(passesAt(t0 + refused.retryAfterUs - 1)).toBe(false);
    }),
  );
});

test('what is said to remain passes, and one more does not', () => {
  fc.assert(
    fc.property(owing, costs, ({ quota, state }, cost) => {
      const { next, remaining, nextUs } = gcra(quota, state, t0, cost);
      expect(gcra(quota, next, t0, remaining).allowed).toBe(true);
      expect(gcra(quota, next, t0, remaining + 1).allowed).toBe(false);
      const full = remaining === quota.burst;
      expect(nextUs === 0).toBe(full);
      if (full) return;
      expect(gcra(quota, next, t0 + nextUs, remaining + 1).allowed).toBe(true);
      expect(gcra(quota, next, t0 + nextUs - 1, remaining + 1).allowed).toBe(false);
    }),
  );
});

test('after the reset, and not before, it is as if nothing had ever been spent', () => {
  fc.assert(
    fc.property(owing, costs, ({ quota, state }, cost) => {
      const { next, resetUs } = gcra(quota, state, t0, cost);
      expect(gcra(quota, next, t0 + resetUs, 0).resetUs).toBe(0);
      if (resetUs > 0) expect(gcra(quota, next, t0 + resetUs - 1, 0).resetUs).toBe(1);
    }),
  );
});

test('a refusal changes nothing, whatever comes after it', () => {
  fc.assert(
    fc.property(
      owing,
      costs,
      costs,
      fc.nat(9_999_999),
      ({ quota, state }, cost, other, laterUs) => {
        const refused = gcra(quota, state, t0, cost);
        fc.pre(!refused.allowed);
        const asIfNever = gcra(quota, gcra(quota, state, t0, 0).next, t0 + laterUs, other);
        expect(gcra(quota, refused.next, t0 + laterUs, other)).toEqual(asIfNever);
      },
    ),
  );
});

test('even a clock that stepped back makes nobody wait longer than the cost takes to earn', () => {
  fc.assert(
    fc.property(quotas, fc.nat(2_147_483_647), costs, (quota, aheadMs, cost) => {
      const state = { tatUs: t0 + aheadMs * 1_000, rest: 0, r: quota.r };
      const { allowed, retryAfterUs, next } = gcra(quota, state, t0, cost);
      fc.pre(cost <= quota.burst);
      expect(retryAfterUs).toBeLessThanOrEqual(Math.ceil((cost * quota.periodUs) / quota.tokens));
      if (!allowed) expect(gcra(quota, next, t0 + retryAfterUs, cost).allowed).toBe(true);
    }),
  );
});

test('whatever is refunded at once was never spent', () => {
  fc.assert(
    fc.property(owing, costs, ({ quota, state }, cost) => {
      const before = gcra(quota, state, t0, 0);
      const taken = gcra(quota, state, t0, cost);
      fc.pre(taken.allowed);
      expect(refund(quota, taken.next, t0, cost).next).toEqual(before.next);
    }),
  );
});

test('the quick check agrees with the verdict', () => {
  fc.assert(
    fc.property(owing, costs, fc.nat(9_999_999), ({ quota, state }, cost, laterUs) => {
      const { allowed } = gcra(quota, state, t0 + laterUs, cost);
      expect(admits(quota, state, t0 + laterUs, cost)).toBe(allowed);
    }),
  );
});

function replay(quota: Quota, steps: readonly { gapUs: number; cost: number }[]) {
  const admitted: { atUs: number; cost: number }[] = [];
  let nowUs = t0;
  let state: RateState | undefined;
  for (const { gapUs, cost } of steps) {
    nowUs += gapUs;
    const { allowed, next, changed } = gcra(quota, state, nowUs, cost);
    if (changed) state = next;
    if (allowed) admitted.push({ atUs: nowUs, cost });
  }
  return admitted;
}
