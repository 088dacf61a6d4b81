import { randomUUID } from 'node:crypto';
import { systemWorld } from '@weir/core/world/system';
import { afterAll, beforeAll } from 'vitest';
import { connectRedis, type RedisConnection } from '../redis/connect.ts';
import { onRedis } from '../redis/on-redis.model.ts';
import { type RedisServer, startRedisServer } from '../redis/redis-server.model.ts';
import { limiterContract } from './limiter.contract.ts';
import { RedisLimiter } from './redis.ts';

const silent = { called() {}, ghosts() {}, damaged() {}, troubled() {}, recovered() {} };

onRedis('limits in Redis keep the contract of limiters', () => {
  let server: RedisServer;
  let redis: RedisConnection;
  beforeAll(async () => {
    server = await startRedisServer();
    redis = connectRedis({ urls: [server.url], isCluster: false, world: systemWorld });
    await redis.ready(5_000);
  });
  afterAll(async () => {
    redis.close();
    await server[Symbol.asyncDispose]();
  });

  limiterContract(() => {
    const limiter = new RedisLimiter({
      redis,
      world: systemWorld,
      soon: setImmediate,
      deadlineMs: 5_000,
      servers: () => 1,
      prefix: `test-${randomUUID()}`,
      events: silent,
    });
    return {
      limiter,
      advance: (byMs) => new Promise((later) => setTimeout(later, byMs + 1)),
    };
  });
});
