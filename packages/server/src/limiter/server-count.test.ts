import { systemWorld } from '@weir/core/world/system';
import { expect, onTestFinished, test } from 'vitest';
import { connectRedis, type RedisConnection } from '../redis/connect.ts';
import { onRedis } from '../redis/on-redis.model.ts';
import { startRedisServer } from '../redis/redis-server.model.ts';
import { ServerCount } from './server-count.ts';

async function connected(url: string): Promise<RedisConnection> {
  const redis = connectRedis({ urls: [url], isCluster: false, world: systemWorld });
  onTestFinished(() => redis.close());
  await redis.ready(5_000);
  return redis;
}

onRedis('servers count each other', () => {
  test('by heartbeats: a new one is known within a second, and one that left is waited for', async () => {
    await using server = await startRedisServer();
    const redis = await connected(server.url);
    const counts = Array.from(
      { length: 3 },
      () => new ServerCount({ redis, world: systemWorld, prefix: 'test' }),
    );
    onTestFinished(() => Promise.all(counts.map((count) => count.stop())).then(() => undefined));
    const [first] = counts as [ServerCount];
    for (const count of counts) await count.start();
    await expect.poll(() => first.count, { timeout: 3_000 }).toBe(3);

    await counts[2]?.stop();

    expect(await redis.client.zcard('test:{servers}:heard')).toBe(2);
    expect(first.count).toBe(3);
  });

  test('while Redis is away the last count stays, also when it comes back empty', async () => {
    await using server = await startRedisServer();
    const counts: ServerCount[] = [];
    for (let i = 0; i < 2; i += 1) {
      const redis = await connected(server.url);
      counts.push(new ServerCount({ redis, world: systemWorld, prefix: 'test' }));
    }
    onTestFinished(() => Promise.all(counts.map((count) => count.stop())).then(() => undefined));
    for (const count of counts) await count.start();
    await expect.poll(() => counts.map(({ count }) => count), { timeout: 3_000 }).toEqual([2, 2]);

    await server.restart();
    const heard = () => server.command('ZCARD', 'test:{servers}:heard');
    await expect.poll(heard, { timeout: 5_000 }).toBe(2);

    expect(counts.map(({ count }) => count)).toEqual([2, 2]);
  });

  test('without a Redis a server counts itself alone', async () => {
    const redis = connectRedis({
      urls: ['redis://127.0.0.1:1'],
      isCluster: false,
      world: systemWorld,
    });
    onTestFinished(() => redis.close());
    const count = new ServerCount({ redis, world: systemWorld, prefix: 'test' });

    await count.start();

    expect(count.count).toBe(1);
    await count.stop();
  });
});
