import { randomInt } from 'node:crypto';
import { systemWorld } from '@weir/core/world/system';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectRedis, type RedisConnection } from '../redis/connect.ts';
import { onRedis } from '../redis/on-redis.model.ts';
import { type RedisServer, startRedisServer } from '../redis/redis-server.model.ts';
import { RedisScript } from '../redis/script.ts';
import { type Fuzzed, fuzzAllOrNothing, fuzzBatches, fuzzLaw } from './take-fuzz.model.ts';

// A short run. The whole one: npm run fuzz -- --steps 1000000
onRedis('take.lua is the law of TypeScript and of arithmetic that cannot round', () => {
  let server: RedisServer;
  let redis: RedisConnection;
  let script: RedisScript;
  const seed = randomInt(2 ** 31);
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

  function expectNone(found: Fuzzed, steps: number, promise: string): void {
    const share = `${found.steps} of ${steps} steps, ${found.refusals} refused`;
    process.stdout.write(`${promise}: ${share}; the whole: npm run fuzz -- --steps ${steps}\n`);
    expect(found.differences, `seed ${seed}`).toEqual([]);
    expect(found.refusals).toBeGreaterThan(found.steps / 100);
  }

  test('step by step, over 20,000 random steps', async () => {
    expectNone(await fuzzLaw({ script, seed, steps: 20_000 }), 1_000_000, 'law');
  });

  test('a batch does what the same asks do one by one', async () => {
    expectNone(await fuzzBatches({ script, seed, steps: 5_000 }), 100_000, 'batch = sequence');
  });

  test('where one of several quotas refuses, nothing is taken anywhere', async () => {
    const found = await fuzzAllOrNothing({ script, seed, steps: 10_000 });
    expectNone(found, 100_000, 'all or nothing');
  });
});
