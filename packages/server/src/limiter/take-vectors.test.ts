import { readFileSync } from 'node:fs';
import { compileQuota, type Quota } from '@weir/core/gcra';
import type { Group, Step } from '@weir/core/gcra-vectors.model';
import { systemWorld } from '@weir/core/world/system';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectRedis, type RedisConnection } from '../redis/connect.ts';
import { onRedis } from '../redis/on-redis.model.ts';
import { type RedisServer, startRedisServer } from '../redis/redis-server.model.ts';
import { RedisScript } from '../redis/script.ts';
import { callerOf, cost } from './limiter.contract.ts';
import { type Ask, type BatchReply, TakeBatch } from './take-batch.ts';

const t0 = 1_790_000_000_000_000;
const hourMs = 3_600_000;
const file = new URL('../../../core/src/gcra.vectors.json', import.meta.url);
const { groups } = JSON.parse(readFileSync(file, 'utf8')) as { groups: readonly Group[] };

onRedis('take.lua follows the vectors of the rate law', () => {
  let server: RedisServer;
  let redis: RedisConnection;
  let script: RedisScript;
  beforeAll(async () => {
    server = await startRedisServer();
    redis = connectRedis({ urls: [server.url], isCluster: false, world: systemWorld });
    await redis.ready(5_000);
    script = new RedisScript(redis, new URL('./take.lua', import.meta.url));
  });
  afterAll(async () => {
    redis.close();
    await server[Symbol.asyncDispose]();
  });

  async function run(ask: Omit<Ask, 'quotas'>, quota: Quota, nowUs: number): Promise<BatchReply> {
    const { quotas } = callerOf('vectors', [{ name: 'v', unit: 'requests', quota }]);
    const batch = new TakeBatch();
    batch.add({ ...ask, quotas });
    return batch.read((await script.run(batch.keys, [batch.pack(nowUs)])) as Buffer);
  }

  async function kept(key: string) {
    const value = await redis.client.getBuffer(key);
    if (value === null) return undefined;
    return { tatUs: value.readDoubleLE(0), rest: value.readDoubleLE(8), r: value.readDoubleLE(16) };
  }

  describe.each(groups)('$name', ({ name, quota: terms, steps }) => {
    let quota = compileQuota(terms);

    test.each(steps)('$id', async (step) => {
      if (step.quota !== undefined) quota = compileQuota(step.quota);
      const key = `vectors:${name}`;
      const before = await kept(key);

      const { decisions } = await run(askOf(step, key), quota, t0 + step.atUs);

      if (step.refund === undefined) expectSaid(step, decisions[0]);
      await expectKept(step, { key, before, r: quota.r });
    });
  });

  async function expectKept(
    step: Step,
    { key, before, r }: { readonly key: string; readonly before: unknown; readonly r: number },
  ): Promise<void> {
    const after = await kept(key);
    if (step.changed === false) expect(after).toEqual(before);
    if (step.dropped) expect(after).toBeUndefined();
    if (step.tatUs !== undefined) {
      expect(after).toEqual({ tatUs: t0 + step.tatUs, rest: step.rest, r });
    }
    if (step.ttlMs !== undefined) await expectExpiry(key, step.ttlMs);
  }

  async function expectExpiry(key: string, ttlMs: number): Promise<void> {
    const leftMs = (await redis.client.pttl(key)) - hourMs;
    expect(leftMs).toBeLessThanOrEqual(ttlMs);
    expect(leftMs).toBeGreaterThan(ttlMs - 2_000);
  }

  test('by the clock of the server a state goes as soon as nothing is owed', async () => {
    const quota = compileQuota({ tokens: 10, periodUs: 1_000_000, burst: 4 });
    await run({ kind: 'take', keys: ['clock'], cost: cost(3) }, quota, 0);

    const leftMs = await redis.client.pttl('clock');
    expect(leftMs).toBeGreaterThan(100);
    expect(leftMs).toBeLessThanOrEqual(300);
    await expect.poll(() => redis.client.exists('clock')).toBe(0);
  });
});

function askOf(step: Step, key: string): Omit<Ask, 'quotas'> {
  const kind = step.refund === undefined ? 'take' : 'refund';
  return { kind, keys: [key], cost: cost(step.cost ?? step.refund ?? 0) };
}

function expectSaid(step: Step, decision: BatchReply['decisions'][number] | undefined): void {
  const { allowed, oversize = false, remaining, retryAfterUs, resetUs, nextUs } = step;
  const verdict = decision?.verdicts[0];
  expect(decision).toMatchObject({ allowed, source: 'redis' });
  expect(verdict).toMatchObject({ allowed, oversize });
  for (const [field, value] of Object.entries({ remaining, retryAfterUs, resetUs, nextUs })) {
    if (value !== undefined) expect(verdict).toHaveProperty(field, value);
  }
}
