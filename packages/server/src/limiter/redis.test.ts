import { compileQuota, type QuotaTerms } from '@weir/core/gcra';
import { expect, test } from 'vitest';
import { onAnyRedis, onRedis } from '../redis/on-redis.model.ts';
import type { Caller } from '../tenants/caller.ts';
import { callerOf, cost, limiterContract } from './limiter.contract.ts';
import { anyRedisForTests, limiterOn, redisForTests } from './redis-limiter.model.ts';
import { stateKeysOf } from './state-key.ts';

const dayUs = 86_400_000_000;

onAnyRedis('limits in Redis keep the contract of limiters', () => {
  const redis = anyRedisForTests();

  limiterContract(() => ({
    limiter: limiterOn(redis()).limiter,
    advance: (byMs) => new Promise((later) => setTimeout(later, byMs + 1)),
  }));
});

onRedis('limits in Redis', () => {
  const { redis, server } = redisForTests();

  test('decisions of one turn of the event loop share calls of at most 64', async () => {
    const { limiter, told } = limiterOn(redis());
    const callers = Array.from({ length: 150 }, (_, i) => callerOf(`t${i}`, [named('a', 5)]));

    await Promise.all(callers.map((caller) => limiter.take(caller, cost(1))));

    expect(told).toMatchObject({ calls: 3, asks: 150 });
  });

  test('a plan that changes within one turn counts for who is asked about after it', async () => {
    const { limiter, told } = limiterOn(redis());
    const before = callerOf('plan', [named('a', 10), named('b', 10)]);
    const after = callerOf('plan', [named('b', 10), named('a', 3)]);

    const decisions = await Promise.all([
      limiter.take(before, cost(1)),
      limiter.take(after, cost(1)),
      limiter.take(after, cost(2)),
    ]);

    expect(decisions.map(({ allowed }) => allowed)).toEqual([true, true, false]);
    expect(decisions[1]?.verdicts.map(({ remaining }) => remaining)).toEqual([8, 1]);
    expect(told).toMatchObject({ calls: 2, asks: 3 });
  });

  test('two servers share what is left, to the last token', async () => {
    const one = limiterOn(redis());
    const other = limiterOn(redis(), { prefix: one.prefix });
    const caller = callerOf('shared', [named('day', 100)]);

    const all = await Promise.all(
      Array.from({ length: 300 }, (_, i) =>
        (i % 2 === 0 ? one : other).limiter.take(caller, cost(1)),
      ),
    );

    expect(all.filter(({ allowed }) => allowed)).toHaveLength(100);
    expect(all.every(({ source }) => source === 'redis')).toBe(true);
  });

  test('ten thousand requests of who is out of quota cost two decisions, and none is refused wrongly', async () => {
    const { limiter, told } = limiterOn(redis());
    const caller = callerOf('spent', [named('s', 1, 300_000)]);
    await limiter.take(caller, cost(1));
    const before = told.asks;
    const passed = await untilPassed(async () => {
      for (let i = 0; i < 500; i += 1) {
        const known = limiter.knownRefusal(caller, cost(1));
        if (known === undefined) return await limiter.take(caller, cost(1));
        if (known.allowed || known.exact || known.source !== 'remembered') throw new Error('odd');
      }
      return undefined;
    });

    expect(passed.refusals).toBeGreaterThan(10_000);
    expect(passed.afterMs).toBeGreaterThan(299);
    expect(told.asks - before).toBeLessThanOrEqual(1 + 2);
  });

  /** Asks in rounds until one passes. */
  async function untilPassed(round: () => Promise<{ allowed: boolean } | undefined>) {
    const startMs = performance.now();
    let refusals = 0;
    for (;;) {
      const decision = await round();
      if (decision?.allowed) return { refusals, afterMs: performance.now() - startMs };
      refusals += decision === undefined ? 500 : 1;
    }
  }

  test('a known refusal holds for the quota and its terms, and for as much as it refused', async () => {
    const { limiter } = limiterOn(redis());
    const caller = callerOf('terms', [named('a', 10)]);
    await limiter.take(caller, cost(8));

    expect(limiter.knownRefusal(caller, cost(3))).toMatchObject({ violated: [0] });
    expect(limiter.knownRefusal(caller, cost(2))).toBeUndefined();
    const richer = callerOf('terms', [named('a', 11)]);
    expect(limiter.knownRefusal(richer, cost(3))).toBeUndefined();
    const other = callerOf('terms', [named('b', 10)]);
    expect(limiter.knownRefusal(other, cost(3))).toBeUndefined();
  });

  test('a refund here ends what was known', async () => {
    const { limiter } = limiterOn(redis());
    const caller = callerOf('refunded', [named('a', 10)]);
    await limiter.take(caller, cost(10));
    expect(limiter.knownRefusal(caller, cost(1))).toBeDefined();

    limiter.refund(caller, cost(1));

    expect(limiter.knownRefusal(caller, cost(1))).toBeUndefined();
    expect(await limiter.take(caller, cost(1))).toMatchObject({ allowed: true });
    expect(limiter.knownRefusal(caller, cost(1))).toBeDefined();
  });

  test('a value that is no state harms its own decision alone, is counted and replaced', async () => {
    const under = limiterOn(redis());
    const { limiter, told, prefix } = under;
    const callers = Array.from({ length: 8 }, (_, i) => callerOf(`c${i}`, [named('a', 10)]));
    await Promise.all(callers.map((caller) => limiter.take(caller, cost(4))));
    const nan = Buffer.alloc(24, 0xff);
    const bad = ['', 'text', Buffer.alloc(24), nan, Buffer.alloc(25)];
    for (const [i, value] of bad.entries()) {
      await redis().client.set(keyOf(callers[i] as Caller, prefix), value);
    }
    const list = keyOf(callers[5] as Caller, prefix);
    await redis().client.del(list);
    await redis().client.rpush(list, 'x');

    const decisions = await Promise.all(callers.map((caller) => limiter.take(caller, cost(1))));

    const left = decisions.map(({ verdicts }) => verdicts[0]?.remaining);
    expect(left).toEqual([9, 9, 9, 9, 9, 9, 5, 5]);
    expect(told.damaged).toBe(6);
    const again = await Promise.all(callers.map((caller) => limiter.take(caller, cost(1))));
    expect(again.map(({ verdicts }) => verdicts[0]?.remaining)).toEqual([8, 8, 8, 8, 8, 8, 4, 4]);
    expect(told.damaged).toBe(6);
  });

  test('a server that forgot the script, or everything, is not noticed by who is decided on', async () => {
    const { limiter } = limiterOn(redis());
    const caller = callerOf('script', [named('a', 1_000_000, 1_000)]);
    const decisions = [];
    for (let i = 0; i < 300; i += 1) {
      if (i === 100) await server().command('SCRIPT', 'FLUSH');
      if (i === 200) await server().command('FLUSHALL');
      decisions.push(await limiter.take(caller, cost(1)));
    }

    expect(decisions.every(({ allowed, source }) => allowed && source === 'redis')).toBe(true);
  });

  test('keys tell nobody a name, carry a hash tag, and go when nothing is owed', async () => {
    const { limiter, prefix } = limiterOn(redis());
    await limiter.take(callerOf('a-tenant', [named('a', 10, 30_000)]), cost(1));

    const keys = await redis().client.keys(`${prefix}*`);

    expect(keys).toEqual([expect.stringMatching(/^test-[0-9a-f-]+:\{b[0-3]\d\}:[\w-]{20}$/)]);
    expect(keys.join()).not.toContain('a-tenant');
    await expect.poll(() => redis().client.exists(keys[0] as string)).toBe(0);
  });

  test('a state takes at most 170 bytes of Redis', async () => {
    const { limiter, prefix } = limiterOn(redis(), { prefix: 'rl1' });
    await server().command('FLUSHALL');
    const before = await usedBytes();
    const states = 28_000;
    for (let at = 0; at < states; at += 2_000) {
      const some = Array.from({ length: 2_000 }, (_, i) =>
        callerOf(`m${at + i}`, [named('a', 10)]),
      );
      await Promise.all(some.map((caller) => limiter.take(caller, cost(1))));
    }

    expect(await redis().client.dbsize()).toBe(states);
    expect(((await usedBytes()) - before) / states).toBeLessThan(170);
    expect(prefix).toBe('rl1');
    await server().command('FLUSHALL');
  });

  async function usedBytes(): Promise<number> {
    const text = (await server().command('INFO', 'memory')) as string;
    return Number(/used_memory:(\d+)/.exec(text)?.[1]);
  }
});

function keyOf(caller: Caller, prefix: string): string {
  return stateKeysOf(caller, prefix).keys[0] as string;
}

/** So slow that nothing comes back while a test runs, unless it says otherwise. */
function named(name: string, burst: number, periodUs: number = dayUs) {
  const terms: QuotaTerms = { tokens: 1, periodUs, burst };
  return { name, unit: 'requests', quota: compileQuota(terms) } as const;
}
