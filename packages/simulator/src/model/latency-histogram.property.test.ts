import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LatencyHistogram } from './latency-histogram.ts';

const durations = fc.array(fc.oneof(fc.nat(20_000), fc.nat(60_000_000_000)), { minLength: 1 });

test('tells every quantile to a fifth of a percent, or to 16 µs', () => {
  fc.assert(
    fc.property(durations, fc.double({ min: 0.01, max: 1, noNaN: true }), (all, share) => {
      const histogram = new LatencyHistogram();
      for (const us of all) histogram.add(us);
      const sorted = [...all].sort((a, b) => a - b);
      const exact = sorted[Math.ceil(share * all.length) - 1] as number;
      const told = histogram.quantileUs(share);

      expect(told).toBeLessThanOrEqual(exact);
      expect(exact - told).toBeLessThanOrEqual(16 + exact / 500);
    }),
  );
});

test('counts nothing as 0', () => {
  expect(new LatencyHistogram().quantileUs(0.99)).toBe(0);
});
