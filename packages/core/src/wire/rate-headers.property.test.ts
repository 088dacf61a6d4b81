import fc from 'fast-check';
import { parseList as referenceParse } from 'structured-headers';
import { expect, test } from 'vitest';
import { decide, type NamedQuota, type Unit } from '../admission.ts';
import { compileQuota, type Verdict } from '../gcra.ts';
import { LimitOnTheWire } from './limit-on-the-wire.ts';
import { decodeRateNews, encodeRateLimit, retryAfterSeconds } from './rate-headers.ts';
import { fields } from './routes.ts';

const t0 = 1_790_000_000_000_000;
const quotas: fc.Arbitrary<readonly NamedQuota[]> = fc.uniqueArray(
  fc.record({
    name: fc.string({ unit: 'grapheme-ascii', maxLength: 12 }),
    unit: fc.constantFrom<Unit>('requests', 'events', 'bytes'),
    quota: fc
      .record({
        tokens: fc.integer({ min: 1, max: 100_000 }),
        periodUs: fc.oneof(
          fc.integer({ min: 1, max: 100_000_000 }),
          fc.integer({ min: 1, max: 86_400 }).map((s) => s * 1_000_000),
        ),
        burst: fc.integer({ min: 1, max: 50_000 }),
      })
      .map(compileQuota),
  }),
  { minLength: 1, maxLength: 4, selector: ({ name }) => name },
);
const costs = fc.record({ requests: fc.nat(3), events: fc.nat(99_999), bytes: fc.nat(999_999) });

test('every field is a structured list, says what was decided and is read back alike', () => {
  fc.assert(
    fc.property(quotas, costs, fc.nat(999_999), (all, cost, laterUs) => {
      const states = decide(all, [], cost, t0).verdicts.map(({ next }) => next);
      const decision = decide(all, states, cost, t0 + laterUs);
      const told = decision.allowed ? [decision.tightest] : decision.violated;
      const sent = encodeRateLimit(all, decision);
      const received: Record<string, string | undefined> = {
        [fields.rateLimitPolicy]: sent?.policy,
        [fields.rateLimit]: sent?.limit,
      };
      const policies = referenceParse(sent?.policy ?? '');
      const limits = referenceParse(sent?.limit ?? '');
      const { limits: read } = decodeRateNews((name) => received[name], 0);

      const unwritten = told.flatMap((i) =>
        new LimitOnTheWire(all[i] as NamedQuota).read(decision.verdicts[i] as Verdict),
      );
      expect(unwritten).toEqual(read);
      expect(read.map(({ name }) => name)).toEqual(told.map((i) => all[i]?.name));
      for (const [n, i] of told.entries()) {
        const { quota, unit } = all[i] as NamedQuota;
        const verdict = decision.verdicts[i];
        const q = policies[n]?.[1].get('q') as number;
        const w = policies[n]?.[1].get('w') as number;
        expect(BigInt(q) * BigInt(quota.periodUs)).toBe(
          BigInt(w) * 1_000_000n * BigInt(quota.tokens),
        );
        expect(policies[n]?.[1].has('qu')).toBe(unit !== 'events');
        expect(read[n]).toEqual({
          name: all[i]?.name,
          remaining: verdict?.remaining,
          withinMs: limits[n]?.[1].has('t') ? (limits[n][1].get('t') as number) * 1_000 : undefined,
          tokens: q,
          periodMs: w * 1_000,
          burst: quota.burst,
          unit: unit === 'events' ? undefined : unit,
        });
        expect(limits[n]?.[1].has('t')).toBe(verdict?.resetUs !== 0);
      }
    }),
  );
});

test('the whole window is never over before the wait: t is at most Retry-After', () => {
  fc.assert(
    fc.property(quotas, costs, fc.double({ min: 0, max: 0.999, noNaN: true }), (all, cost, lot) => {
      const states = decide(all, [], cost, t0).verdicts.map(({ next }) => next);
      const decision = decide(all, states, cost, t0);
      fc.pre(!decision.allowed && decision.oversize === undefined);
      const retryAfter = retryAfterSeconds(decision.retryAfterUs / 1_000, lot);
      expect(retryAfter * 1_000_000).toBeGreaterThanOrEqual(decision.retryAfterUs);
      expect(retryAfter * 1_000_000).toBeLessThanOrEqual(
        Math.max(1_000_000, 1.1 * decision.retryAfterUs + 1_100_000),
      );
      for (const [, parameters] of referenceParse(encodeRateLimit(all, decision)?.limit ?? '')) {
        expect(parameters.get('t')).toBeLessThanOrEqual(retryAfter);
      }
    }),
  );
});
