import type { Cost, Decision, NamedQuota } from '@weir/core/admission';
import { compileQuota } from '@weir/core/gcra';
import { describe, expect, test } from 'vitest';
import type { Caller } from '../tenants/caller.ts';
import type { Limiter } from './limiter.ts';

export interface LimiterUnderTest {
  readonly limiter: Limiter;
  /** Lets this much time pass on the limiter's own clock; on a real one, a little more may. */
  advance(byMs: number): Promise<void> | void;
}

type Make = () => Promise<LimiterUnderTest> | LimiterUnderTest;

/**
 * What every limiter must do. Each adapter's test calls this and adds only its own cases. The
 * clock may be a real one: quotas are slow against a call and quick against a test.
 */
export function limiterContract(make: Make): void {
  describe('limiter contract', () => {
    const perSecond = { name: 'req', unit: 'requests', quota: quota(5, 3) } as const;
    const daily = { name: 'day', unit: 'requests', quota: quotaOfADay(10) } as const;
    const events = { name: 'ev', unit: 'events', quota: quotaOfADay(100) } as const;
    const bytes = { name: 'bytes', unit: 'bytes', quota: quotaOfADay(1_000) } as const;

    test('admits the burst, then what time earns, and says when', async () => {
      const { limiter, advance } = await make();
      const caller = callerOf('burst', [perSecond]);
      for (let i = 0; i < 3; i += 1) expect(await passes(limiter, caller, cost(1))).toBe(true);

      const refused = await limiter.take(caller, cost(1));

      expect(refused).toMatchObject({ allowed: false, exact: true, violated: [0] });
      expect(refused.retryAfterUs).toBeGreaterThan(0);
      expect(refused.retryAfterUs).toBeLessThanOrEqual(200_000);
      await advance(Math.ceil(refused.retryAfterUs / 1_000));
      expect(await passes(limiter, caller, cost(1))).toBe(true);
      expect(await passes(limiter, caller, cost(1))).toBe(false);
    });

    test('keeps tenants apart', async () => {
      const { limiter } = await make();
      await limiter.take(callerOf('one', [daily]), cost(10));

      expect(await passes(limiter, callerOf('one', [daily]), cost(1))).toBe(false);
      expect(await passes(limiter, callerOf('other', [daily]), cost(10))).toBe(true);
    });

    test('charges all quotas or none', async () => {
      const { limiter } = await make();
      const caller = callerOf('all', [daily, events, bytes]);

      const taken = await limiter.take(caller, cost(1, 60, 500));
      const refused = await limiter.take(caller, cost(1, 60, 500));

      expect(left(taken)).toEqual([9, 40, 500]);
      expect(refused).toMatchObject({ allowed: false, violated: [1] });
      expect(left(refused)).toEqual([9, 40, 500]);
      expect(await passes(limiter, caller, cost(9, 40, 500))).toBe(true);
    });

    test('a cost above a burst is refused for good and charges nothing', async () => {
      const { limiter } = await make();
      const caller = callerOf('oversize', [daily, events]);

      const refused = await limiter.take(caller, cost(1, 101));

      expect(refused).toMatchObject({ allowed: false, retryAfterUs: Infinity });
      expect(refused.oversize).toEqual({ index: 1, cost: 101, burst: 100 });
      expect(left(await limiter.peek(caller))).toEqual([10, 100]);
    });

    test('gives back what was charged in vain, and never more', async () => {
      const { limiter } = await make();
      const caller = callerOf('refund', [daily, events]);
      await limiter.take(caller, cost(4, 40));

      limiter.refund(caller, cost(1, 10));
      expect(left(await limiter.peek(caller))).toEqual([7, 70]);

      limiter.refund(caller, cost(10, 100));
      expect(left(await limiter.peek(caller))).toEqual([10, 100]);
      expect(await passes(limiter, caller, cost(10, 100))).toBe(true);
      expect(await passes(limiter, caller, cost(1, 0))).toBe(false);
    });

    test('charges what must be charged, room or not, and nobody owes more than the burst', async () => {
      const { limiter } = await make();
      const caller = callerOf('forced', [daily, events]);

      limiter.charge(caller, cost(4, 200));

      expect(left(await limiter.peek(caller))).toEqual([6, 0]);
      expect(await passes(limiter, caller, cost(1, 1))).toBe(false);
      limiter.refund(caller, cost(0, 1));
      expect(await passes(limiter, caller, cost(1, 1))).toBe(true);
    });

    test('a quota on trial refuses nobody and is charged what it would have let through', async () => {
      const { limiter } = await make();
      const caller = callerOf('trial', [{ ...daily, shadow: true }, events]);
      await limiter.take(caller, cost(10, 10));

      const passed = await limiter.take(caller, cost(1, 10));

      expect(passed).toMatchObject({ allowed: true, violated: [], shadowed: [0] });
      expect(limiter.knownRefusal(caller, cost(1, 1))).toBeUndefined();
      expect(left(await limiter.peek(caller))).toEqual([0, 80]);
    });

    test('a peek charges nothing', async () => {
      const { limiter } = await make();
      const caller = callerOf('peek', [daily]);
      await limiter.take(caller, cost(3));

      for (let i = 0; i < 20; i += 1) await limiter.peek(caller);

      const peeked = await limiter.peek(caller);
      expect(peeked.allowed).toBe(true);
      expect(left(peeked)).toEqual([7]);
    });

    test('a refusal is known from then on until it ends, and knowing it costs nothing', async () => {
      const { limiter, advance } = await make();
      const caller = callerOf('known', [perSecond]);
      expect(limiter.knownRefusal(caller, cost(1))).toBeUndefined();
      await limiter.take(caller, cost(3));
      const refused = await limiter.take(caller, cost(1));

      const known = limiter.knownRefusal(caller, cost(1));

      expect(known).toMatchObject({ allowed: false, violated: [0] });
      expect(known?.retryAfterUs).toBeGreaterThan(0);
      expect(known?.retryAfterUs).toBeLessThanOrEqual(refused.retryAfterUs);
      for (let i = 0; i < 20; i += 1) limiter.knownRefusal(caller, cost(1));
      await advance(Math.ceil(refused.retryAfterUs / 1_000));
      expect(limiter.knownRefusal(caller, cost(1))).toBeUndefined();
      expect(await passes(limiter, caller, cost(1))).toBe(true);
    });

    test('a refusal of much does not make little known to be refused', async () => {
      const { limiter } = await make();
      const caller = callerOf('dear', [events]);
      await limiter.take(caller, cost(1, 60));
      expect(await passes(limiter, caller, cost(1, 50))).toBe(false);

      expect(limiter.knownRefusal(caller, cost(1, 40))).toBeUndefined();
      expect(await passes(limiter, caller, cost(1, 40))).toBe(true);
    });

    test('a changed plan counts at once, and nobody owes more than its burst', async () => {
      const { limiter, advance } = await make();
      await limiter.take(callerOf('plan', [daily]), cost(10));
      const changed = callerOf('plan', [{ ...perSecond, name: daily.name }]);

      const refused = await limiter.take(changed, cost(1));

      expect(refused.allowed).toBe(false);
      expect(refused.retryAfterUs).toBeLessThanOrEqual(200_000);
      await advance(Math.ceil(refused.retryAfterUs / 1_000));
      expect(await passes(limiter, changed, cost(1))).toBe(true);
    });

    test('callers who share a state share what is left', async () => {
      const { limiter } = await make();
      const one = callerOf('shared', [daily]);
      await limiter.take({ ...one, keyId: 'k11111111111' }, cost(6));

      expect(left(await limiter.peek(one))).toEqual([4]);
    });

    test('of many at one instant exactly the burst is admitted', async () => {
      const { limiter } = await make();
      const caller = callerOf('race', [events]);

      const all = await Promise.all(
        Array.from({ length: 150 }, () => limiter.take(caller, cost(1, 1))),
      );

      expect(all.filter(({ allowed }) => allowed)).toHaveLength(100);
    });

    test('no debt is forgotten, however many others come and go', async () => {
      const { limiter } = await make();
      const debtor = callerOf('debtor', [daily]);
      await limiter.take(debtor, cost(10));

      for (let i = 0; i < 2_000; i += 1)
        await limiter.take(callerOf(`t${i}`, [perSecond]), cost(1));

      expect(await passes(limiter, debtor, cost(1))).toBe(false);
    });
  });
}

/** A caller of this tenant; its states are kept under the tenant's and the quotas' names. */
export function callerOf(tenant: string, quotas: readonly NamedQuota[]): Caller {
  return {
    tenant,
    keyId: 'k00000000000',
    weight: 1,
    isDenied: false,
    isAllowed: false,
    scopes: new Set(['ingest']),
    quotas: quotas.map((named) => ({
      shadow: false,
      ...named,
      scope: 'tenant',
      onTrouble: 'local',
      stateKey: `${tenant}/${named.name}`,
    })),
    limits: { bodyBytes: 1, decodedBytes: 1, eventBytes: 1, events: 1 },
  };
}

export function cost(requests: number, events = 0, bytes = 0): Cost {
  return { requests, events, bytes };
}

const dayUs = 86_400_000_000;

function quota(tokensASecond: number, burst: number) {
  return compileQuota({ tokens: tokensASecond, periodUs: 1_000_000, burst });
}

/** So slow that nothing is earned back while a test runs. */
function quotaOfADay(tokens: number) {
  return compileQuota({ tokens, periodUs: dayUs, burst: tokens });
}

async function passes(limiter: Limiter, caller: Caller, spent: Cost): Promise<boolean> {
  return (await limiter.take(caller, spent)).allowed;
}

function left(decision: Decision): readonly number[] {
  return decision.verdicts.map(({ remaining }) => remaining);
}
