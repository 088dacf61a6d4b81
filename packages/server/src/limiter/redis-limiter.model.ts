import { randomUUID } from 'node:crypto';
import { systemWorld } from '@weir/core/world/system';
import { afterAll, beforeAll } from 'vitest';
import { connectRedis, type RedisConnection } from '../redis/connect.ts';
import { type RedisServer, startRedisServer } from '../redis/redis-server.model.ts';
import { type LimiterEvents, RedisLimiter, type RedisLimiterDeps } from './redis.ts';

/** What a limiter told of itself. */
export interface Told {
  calls: number;
  asks: number;
  ghosts: number;
  damaged: number;
  troubles: number;
  recoveries: number;
}

export interface LimiterUnderRedis {
  readonly limiter: RedisLimiter;
  readonly told: Told;
  readonly redis: RedisConnection;
  /** Its keys begin with this, so that no test sees another's. */
  readonly prefix: string;
}

/** A limiter on a Redis, with more patience than a server's, as a machine of tests is busy. */
export function limiterOn(
  redis: RedisConnection,
  deps: Partial<RedisLimiterDeps> = {},
): LimiterUnderRedis {
  const told: Told = { calls: 0, asks: 0, ghosts: 0, damaged: 0, troubles: 0, recoveries: 0 };
  const events: LimiterEvents = {
    called(asks) {
      told.calls += 1;
      told.asks += asks;
    },
    ghosts(charged) {
      told.ghosts += charged;
    },
    damaged(count) {
      told.damaged += count;
    },
    troubled() {
      told.troubles += 1;
    },
    recovered() {
      told.recoveries += 1;
    },
  };
  const prefix = deps.prefix ?? `test-${randomUUID()}`;
  const usual = { world: systemWorld, soon: setImmediate, deadlineMs: 5_000, servers: () => 1 };
  const limiter = new RedisLimiter({ ...usual, redis, events, ...deps, prefix });
  return { limiter, told, redis, prefix };
}

export interface RedisForTests {
  readonly server: () => RedisServer;
  readonly redis: () => RedisConnection;
}

/** One connection for tests that share nothing but a Redis: the one of `REDIS_URL`, if that is set. */
export function anyRedisForTests(): () => RedisConnection {
  const given = process.env.REDIS_URL?.split(',');
  if (given === undefined) return redisForTests().redis;
  let redis: RedisConnection | undefined;
  beforeAll(async () => {
    redis = await connected(given);
  });
  afterAll(() => redis?.close());
  return () => redis as RedisConnection;
}

/** One server of its own and one connection for all tests of a file. */
export function redisForTests(): RedisForTests {
  let server: RedisServer | undefined;
  let redis: RedisConnection | undefined;
  beforeAll(async () => {
    server = await startRedisServer();
    redis = await connected([server.url]);
  });
  afterAll(async () => {
    redis?.close();
    await server?.[Symbol.asyncDispose]();
  });
  return {
    server: () => server as RedisServer,
    redis: () => redis as RedisConnection,
  };
}

async function connected(urls: readonly string[]): Promise<RedisConnection> {
  const redis = connectRedis({ urls, isCluster: false, world: systemWorld });
  if (!(await redis.ready(5_000))) throw new Error(`no Redis answers at ${redis.name}`);
  return redis;
}
