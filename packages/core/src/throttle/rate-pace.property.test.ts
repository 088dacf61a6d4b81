import fc from 'fast-check';
import { expect, test } from 'vitest';
import { paceDefaults } from './pace-options.ts';
import { RatePace } from './rate-pace.ts';

const tokenMs = 800;

test('whatever comes, it waits for no longer than its bound and what the server asked for', () => {
  const step = fc.record({
    isRefused: fc.boolean(),
    laterMs: fc.nat(10_000),
    waitMs: fc.nat(5_000),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 300 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (all, lot) => {
        const pace = new RatePace(tokenMs, paceDefaults, () => lot);
        let nowMs = 0;
        for (const { isRefused, laterMs, waitMs } of all) {
          nowMs += laterMs;
          pace.sent(nowMs);
          if (isRefused) pace.refused(nowMs, waitMs, nowMs);
          else pace.admitted();
          const mostMs = paceDefaults.longestGapMs * (1 + paceDefaults.jitter);
          expect(pace.readyAtMs(nowMs) - nowMs).toBeLessThanOrEqual(
            Math.max(mostMs, waitMs) + 0.001,
          );
          expect(pace.perSecond ?? 0).toBeLessThanOrEqual(1_000 / tokenMs);
        }
      },
    ),
  );
});
