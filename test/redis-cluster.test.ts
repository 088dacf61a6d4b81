import { setTimeout as wait } from 'node:timers/promises';
import { systemWorld } from '@weir/core/world/system';
import { limiterContract } from '@weir/server/limiter/limiter.contract';
import { limiterOn } from '@weir/server/limiter/redis-limiter.model';
import { connectRedis, type RedisConnection } from '@weir/server/redis/connect';
import { onRedis } from '@weir/server/redis/on-redis.model';
import { type RedisCluster, startRedisCluster } from '@weir/server/redis/redis-cluster.model';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLimiters } from './support/limiter-process.ts';
import { quantile } from './support/open-loop.ts';

// Limits on a Redis Cluster: a tenant's states lie together, and a lost node is lost for some only.

onRedis('limits in a Redis Cluster', () => {
  let cluster: RedisCluster;
  let redis: RedisConnection;
  beforeAll(async () => {
    cluster = await startRedisCluster();
    redis = connectRedis({ urls: cluster.urls, isCluster: true, world: systemWorld });
    expect(await redis.ready(10_000)).toBe(true);
  });
  afterAll(async () => {
    redis?.close();
    await cluster?.[Symbol.asyncDispose]();
  });

  limiterContract(() => ({
    limiter: limiterOn(redis).limiter,
    advance: (byMs) => new Promise((later) => setTimeout(later, byMs + 1)),
  }));

  test('a node lost and replaced under load: nobody waits, none fails, and it is found again', async () => {
    const rate = 40;
    const terms = { tokens: rate, periodUs: 1_000_000, burst: 20, tenants: 32, deadlineMs: 25 };
    const load = { urls: cluster.urls, ...terms, perSecond: 800, seconds: 8 };
    const processes = await startLimiters(2, load);
    const running = processes.run();

    await wait(1_500);
    await cluster.primaries[0]?.kill();
    await expect
      .poll(() => cluster.replica.command('ROLE'), { timeout: 8_000 })
      .toEqual(expect.arrayContaining(['master']));
    const replacedMs = Date.now();
    const results = await running;

    for (const result of results) {
      const { failed, asked, waitsMs, pausedMs, reasons, perTenant } = result;
      expect(failed).toBe(0);
      expect(asked).toBe(800 * 8);
      expect(reasons.join()).not.toContain('CROSSSLOT');
      const p99Ms = quantile(waitsMs, 0.99);
      process.stdout.write(`p99 ${p99Ms.toFixed(1)} ms, held up for ${pausedMs.toFixed(0)}\n`);
      expect(p99Ms).toBeLessThan(terms.deadlineMs + 5);
      // All tenants are decided on by Redis again, also those of the node that is gone.
      expect(perTenant.every((lastMs) => lastMs > replacedMs)).toBe(true);
    }
    const found = await Promise.all(
      [...cluster.primaries.slice(1), cluster.replica].map(({ command }) => command('DBSIZE')),
    );
    expect(Math.min(...found.map(Number))).toBeGreaterThan(0);
  });
});
