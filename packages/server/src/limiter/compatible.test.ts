import { systemWorld } from '@weir/core/world/system';
import { VirtualWorld } from '@weir/core/world/virtual';
import {
  RateLimiterMemory,
  RateLimiterRes,
  RateLimiterUnion,
  RLWrapperBlackAndWhite,
  RLWrapperTimeouts,
} from 'rate-limiter-flexible';
import { describe, expect, test } from 'vitest';
import { connectRedis } from '../redis/connect.ts';
import { onRedis } from '../redis/on-redis.model.ts';
import { startRedisServer } from '../redis/redis-server.model.ts';
import { WeirLimiter, WeirRes } from './compatible.ts';
import type { Limiter } from './limiter.ts';
import { MemoryLimiter } from './memory.ts';
import { RedisLimiter } from './redis.ts';

const terms = { tokens: 5, periodUs: 3_600_000_000, burst: 5 };

function inMemory() {
  const world = new VirtualWorld({ seed: 1 });
  const limiter = new MemoryLimiter(world);
  const options = { limiter, world, quota: terms, keyPrefix: 'ours' };
  return { world, subject: new WeirLimiter(options) };
}

/** What the wrappers rely on, whatever is beneath. */
function wrapped(make: () => WeirLimiter): void {
  test('a refusal rejects with a result of the library, and consumes nothing', async () => {
    const subject = make();
    const yes = await subject.consume('a', 4);
    expect(yes).toBeInstanceOf(RateLimiterRes);
    expect(yes).toMatchObject({ remainingPoints: 1, consumedPoints: 4 });
    const no = await subject.consume('a', 2).catch((reason: unknown) => reason);
    expect(no).toBeInstanceOf(WeirRes);
    expect(no).toMatchObject({ remainingPoints: 1, consumedPoints: 4 });
    expect((no as WeirRes).msBeforeNext).toBeGreaterThan(700_000);
    expect(await subject.consume('a', 1)).toMatchObject({ remainingPoints: 0 });
  });

  test('reward gives back, penalty charges in any case, delete forgives', async () => {
    const subject = make();
    expect(await subject.get('b')).toBeNull();
    await subject.consume('b', 3);
    expect(await subject.reward('b', 2)).toMatchObject({ consumedPoints: 1 });
    expect(await subject.penalty('b', 9)).toMatchObject({ consumedPoints: 5 });
    await expect(subject.consume('b')).rejects.toBeInstanceOf(WeirRes);
    expect(await subject.set('b', 2, 60)).toMatchObject({ remainingPoints: 3 });
    expect(await subject.delete('b')).toBe(true);
    expect(await subject.delete('b')).toBe(false);
    expect(await subject.get('b')).toBeNull();
  });

  test("the library's lists hold above it", async () => {
    const limiter = make();
    const lists = new RLWrapperBlackAndWhite({
      limiter,
      blackList: ['black'],
      isWhiteListed: (key: string) => key === 'white',
    });
    await expect(lists.consume('black')).rejects.toBeInstanceOf(RateLimiterRes);
    for (let i = 0; i < 10; i += 1) await lists.consume('white', 5);
    await lists.consume('c', 5);
    await expect(lists.consume('c')).rejects.toBeInstanceOf(WeirRes);
  });

  test("it is part of a union with one of the library's own", async () => {
    const library = new RateLimiterMemory({ points: 3, duration: 60, keyPrefix: 'library' });
    const union = new RateLimiterUnion(make(), library);
    const both = await union.consume('d', 2);
    expect(both.ours).toMatchObject({ remainingPoints: 3 });
    expect(both.library).toMatchObject({ remainingPoints: 1 });
    const no = (await union.consume('d', 2).catch((reason: unknown) => reason)) as object;
    expect(Object.keys(no)).toEqual(['library']);
  });

  test("within a deadline of the library's it answers itself", async () => {
    const insuranceLimiter = new RateLimiterMemory({ points: 100, duration: 60 });
    const limiter = make();
    const timed = new RLWrapperTimeouts({ limiter, timeoutMs: 1_000, insuranceLimiter });
    expect(await timed.consume('e', 5)).toBeInstanceOf(WeirRes);
    await expect(timed.consume('e')).rejects.toBeInstanceOf(WeirRes);
  });
}

describe('in memory, under the wrappers of rate-limiter-flexible', () => {
  wrapped(() => inMemory().subject);
});

test('a block holds for as long as it was told, and is lifted by delete', async () => {
  const { world, subject } = inMemory();
  expect(await subject.block('a', 10)).toMatchObject({ msBeforeNext: 10_000 });
  world.advance(9_000);
  await expect(subject.consume('a', 0)).rejects.toMatchObject({ msBeforeNext: 1_000 });
  world.advance(1_000);
  await expect(subject.consume('a', 1)).rejects.toBeInstanceOf(WeirRes); // the burst is spent
  expect(await subject.delete('a')).toBe(true);
  expect(await subject.consume('a', 5)).toMatchObject({ remainingPoints: 0 });
  await subject.block('a', 10);
  await subject.delete('a');
  expect(await subject.consume('a', 1)).toMatchObject({ remainingPoints: 4 });
});

test('what is told is what the law says: when all is paid, and when the same would pass', async () => {
  const { world, subject } = inMemory();
  expect(await subject.consume('a', 5)).toMatchObject({ msBeforeNext: 3_600_000 });
  await expect(subject.consume('a', 2)).rejects.toMatchObject({ msBeforeNext: 1_440_000 });
  world.advance(1_440_000);
  expect(await subject.consume('a', 2)).toMatchObject({ remainingPoints: 0 });
  await expect(subject.consume('a', 6)).rejects.toMatchObject({
    msBeforeNext: Number.MAX_SAFE_INTEGER,
    decision: { oversize: { cost: 6, burst: 5 } },
  });
});

onRedis('on Redis, under the wrappers of rate-limiter-flexible', () => {
  test('all of the same, shared by two servers, and insured while Redis is stopped', async () => {
    await using server = await startRedisServer();
    const open = async () => {
      const urls = [`redis://127.0.0.1:${server.port}`];
      const redis = connectRedis({ urls, isCluster: false, world: systemWorld });
      await redis.ready(5_000);
      const limiter = redisLimiter(redis);
      const options = { limiter, world: systemWorld, quota: terms, keyPrefix: 'ours' };
      return { redis, limiter, subject: new WeirLimiter(options) };
    };
    const [one, other] = [await open(), await open()];
    expect(await one.subject.consume('a', 4)).toMatchObject({ remainingPoints: 1 });
    await expect(other.subject.consume('a', 2)).rejects.toMatchObject({ remainingPoints: 1 });
    expect(await other.subject.penalty('a', 1)).toMatchObject({ remainingPoints: 0 });
    expect(await one.subject.reward('a', 5)).toMatchObject({ consumedPoints: 0 });
    const lists = new RLWrapperBlackAndWhite({ limiter: one.subject, blackList: ['black'] });
    await expect(lists.consume('black')).rejects.toBeInstanceOf(RateLimiterRes);
    expect(await lists.consume('a', 5)).toMatchObject({ remainingPoints: 0 });

    const insuranceLimiter = new RateLimiterMemory({ points: 100, duration: 60 });
    const timed = new RLWrapperTimeouts({
      limiter: other.subject,
      timeoutMs: 10,
      insuranceLimiter,
    });
    await expect(timed.consume('a')).rejects.toBeInstanceOf(WeirRes);
    server.pause();
    const insured = await timed.consume('b', 7); // more than ours could ever say yes to
    expect(insured).toMatchObject({ remainingPoints: 93 });
    server.resume();
    for (const { redis, limiter } of [one, other]) {
      limiter.close();
      redis.close();
    }
  });
});

function redisLimiter(redis: ReturnType<typeof connectRedis>): Limiter & { close(): void } {
  const nothing = () => {};
  return new RedisLimiter({
    redis,
    world: systemWorld,
    soon: setImmediate,
    servers: () => 2,
    prefix: 'rl1',
    deadlineMs: 25,
    events: {
      called: nothing,
      ghosts: nothing,
      damaged: nothing,
      troubled: nothing,
      recovered: nothing,
    },
  });
}
