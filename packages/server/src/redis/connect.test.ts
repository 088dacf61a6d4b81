import { systemWorld } from '@weir/core/world/system';
import { afterEach, expect, test } from 'vitest';
import { connectRedis, type RedisConnection } from './connect.ts';
import { RedisTimeout, withinDeadline } from './deadline.ts';
import { onRedis } from './on-redis.model.ts';
import { placeOf } from './redis-place.ts';
import { startRedisServer } from './redis-server.model.ts';
import { startTcpProxy } from './tcp-proxy.model.ts';

const open: RedisConnection[] = [];
afterEach(() => {
  for (const redis of open.splice(0)) redis.close();
});

async function connected(port: number): Promise<RedisConnection> {
  const urls = [`redis://127.0.0.1:${port}`];
  const redis = connectRedis({ urls, isCluster: false, world: systemWorld });
  open.push(redis);
  expect(await redis.ready(5_000)).toBe(true);
  return redis;
}

async function took(work: Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work.catch(() => undefined);
  return performance.now() - startMs;
}

onRedis('no command is charged twice or hangs, on the installed ioredis', () => {
  test('what was under way when the connection broke fails at once and is never sent again', async () => {
    await using server = await startRedisServer();
    await using proxy = await startTcpProxy(server.port);
    const redis = await connected(proxy.port);
    proxy.swallowReplies(true);
    const charge = redis.client.incr('charged');
    const failed = expect(charge).rejects.toThrow();
    await expect.poll(() => server.command('GET', 'charged')).toBe('1');

    proxy.cut();
    expect(await took(charge)).toBeLessThan(500);
    await failed;

    proxy.swallowReplies(false);
    await expect.poll(() => redis.client.ping().catch(() => ''), { timeout: 3_000 }).toBe('PONG');
    expect(await server.command('GET', 'charged')).toBe('1');
  });

  test('without a connection a command fails at once instead of waiting in a queue', async () => {
    await using server = await startRedisServer();
    const redis = await connected(server.port);
    await server.kill();
    await expect.poll(() => redis.client.status).not.toBe('ready');

    const many = Array.from({ length: 1_000 }, () => redis.client.incr('a'));

    expect(await took(Promise.allSettled(many))).toBeLessThan(200);
    for (const one of await Promise.allSettled(many)) expect(one.status).toBe('rejected');
    await expect.poll(() => redis.problem).toContain('ECONNREFUSED');
    await server.restart();
    await expect.poll(() => redis.client.ping().catch(() => ''), { timeout: 3_000 }).toBe('PONG');
    expect(redis.problem).toBeUndefined();
    expect(await redis.client.get('a')).toBeNull();
  });

  test('a stopped server is given up at the deadline, and then by the connection', async () => {
    await using server = await startRedisServer();
    const redis = await connected(server.port);
    server.pause();
    const charge = redis.client.incr('a');
    const inTime = withinDeadline(charge, 25, systemWorld);

    await expect(inTime).rejects.toThrow(RedisTimeout);
    expect(await took(charge)).toBeLessThan(1_500);
    await expect(charge).rejects.toThrow('timed out');
    await expect.poll(() => redis.client.status, { timeout: 4_000 }).not.toBe('ready');
    server.resume();
    await expect.poll(() => redis.client.ping().catch(() => ''), { timeout: 4_000 }).toBe('PONG');
  });

  test('an answer after the deadline is told to who asks for it', async () => {
    await using server = await startRedisServer();
    await using proxy = await startTcpProxy(server.port);
    const redis = await connected(proxy.port);
    proxy.delayReplies(60);
    const { promise: heard, resolve } = Promise.withResolvers<number | undefined>();

    const answer = withinDeadline(redis.client.incr('a'), 25, systemWorld, resolve);

    await expect(answer).rejects.toThrow(RedisTimeout);
    expect(await heard).toBe(1);
  });

  test('a pause of our own is not taken for one of Redis', async () => {
    await using server = await startRedisServer();
    const redis = await connected(server.port);

    const answer = withinDeadline(redis.client.incr('a'), 25, systemWorld);
    await new Promise((sent) => setImmediate(sent));
    const untilMs = performance.now() + 100;
    while (performance.now() < untilMs);

    expect(await answer).toBe(1);
  });

  test('a primary that became a replica is left, and the command is not repeated', async () => {
    await using primary = await startRedisServer();
    await using old = await startRedisServer();
    await using proxy = await startTcpProxy(old.port);
    const redis = await connected(proxy.port);
    await old.command('REPLICAOF', '127.0.0.1', primary.port);
    proxy.pointTo(primary.port);

    await expect(redis.client.incr('a')).rejects.toThrow('READONLY');

    await expect
      .poll(() => redis.client.incr('b').catch(() => 0), { timeout: 3_000 })
      .toBeGreaterThan(0);
    expect(await primary.command('EXISTS', 'a')).toBe(0);
  });
});

test('reads what a URL says, and nothing else of it', () => {
  expect(placeOf('rediss://me:p%40ss@[::1]:6380/3?enableOfflineQueue=true')).toEqual({
    host: '::1',
    port: 6380,
    username: 'me',
    password: 'p@ss',
    db: 3,
    isTls: true,
  });
  expect(placeOf('redis://cache')).toMatchObject({ host: 'cache', port: 6379, db: 0 });
  for (const wrong of ['http://cache', 'cache:6379', 'redis://', 'redis://cache/abc']) {
    expect(() => placeOf(wrong)).toThrow(TypeError);
  }
});
