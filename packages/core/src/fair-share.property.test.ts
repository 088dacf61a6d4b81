import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FairShare } from './fair-share.ts';

const names = ['a', 'b', 'c', 'd', 'e'] as const;
const weights = fc.record({
  a: fc.integer({ min: 1, max: 9 }),
  b: fc.integer({ min: 1, max: 9 }),
  c: fc.integer({ min: 1, max: 9 }),
  d: fc.integer({ min: 1, max: 9 }),
  e: fc.integer({ min: 1, max: 9 }),
});
const arrivals = fc.array(
  fc.record({ tenant: fc.constantFrom(...names), gapMs: fc.integer({ min: 0, max: 30_000 }) }),
  { maxLength: 200 },
);

test('the active weight is that of the tenants heard in the last 50 to 60 seconds', () => {
  fc.assert(
    fc.property(weights, arrivals, (weightOf, all) => {
      const share = new FairShare(1);
      const heardMs = new Map<keyof typeof weightOf, number>();
      let nowMs = 1_000;
      const heardWithin = (ms: number) =>
        [...heardMs]
          .filter(([, atMs]) => atMs > nowMs - ms)
          .reduce((sum, [tenant]) => sum + weightOf[tenant], 0);
      for (const { tenant, gapMs } of all) {
        nowMs += gapMs;
        if (share.enter(tenant, weightOf[tenant], nowMs)) share.leave(tenant);
        heardMs.set(tenant, nowMs);
        expect(share.activeWeight).toBeGreaterThanOrEqual(heardWithin(50_000));
        expect(share.activeWeight).toBeLessThanOrEqual(heardWithin(60_001));
      }
    }),
  );
});

const longArrivals = fc.array(fc.record({ tenant: fc.constantFrom(...names) }), {
  minLength: 60,
  maxLength: 200,
});

test('whoever holds no more than its share is never refused, however others flood', () => {
  const room = { maxRequests: 1_000, maxBytes: 1_000_000 };
  let refused = 0;
  fc.assert(
    fc.property(weights, longArrivals, fc.nat(4), (weightOf, all, flooding) => {
      const share = new FairShare(1_000);
      const held = new Map<string, { requests: number; bytes: number }>();
      const total = { requests: 0, bytes: 0 };
      const sumOfWeights = names.reduce((sum, name) => sum + weightOf[name], 0);
      for (const name of names) share.enter(name, weightOf[name], 0); // all are active throughout
      const take = (tenant: keyof typeof weightOf): void => {
        const own = held.get(tenant) ?? { requests: 0, bytes: 0 };
        if (!share.enter(tenant, weightOf[tenant], 1)) return;
        share.leave(tenant);
        if (share.exceeds(weightOf[tenant], own, { ...room, ...total })) {
          refused += 1;
          const fair = (weightOf[tenant] / sumOfWeights) * room.maxRequests;
          expect(own.requests).toBeGreaterThan(Math.floor(fair));
          expect(total.requests).toBeGreaterThan(room.maxRequests / 2);
          return;
        }
        held.set(tenant, { requests: own.requests + 1, bytes: own.bytes + 10 });
        total.requests += 1;
        total.bytes += 10;
      };
      const flood = names[flooding] as keyof typeof weightOf;
      for (const { tenant } of all) {
        take(tenant);
        for (let i = 0; i < 20; i += 1) take(flood);
      }
      const most = Math.max(room.maxRequests / 2, (weightOf[flood] / sumOfWeights) * 1_000);
      expect(held.get(flood)?.requests ?? 0).toBeLessThanOrEqual(most + 1);
    }),
    { numRuns: 25 },
  );
  expect(refused).toBeGreaterThan(1_000);
});
