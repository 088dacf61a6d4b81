import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { systemWorld } from '@weir/core/world/system';
import {
  type Fuzzed,
  fuzzAllOrNothing,
  fuzzBatches,
  fuzzLaw,
} from '@weir/server/limiter/take-fuzz.model';
import { connectRedis } from '@weir/server/redis/connect';
import { startRedisServer } from '@weir/server/redis/redis-server.model';
import { RedisScript } from '@weir/server/redis/script';

// npm run fuzz -- --steps 1000000 [--seed 7]

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: `${randomInt(2 ** 31)}` },
  },
});
const seed = Number(values.seed);
const steps = Number(values.steps);
console.log(`--seed ${seed}`);
await using server = await startRedisServer();
const redis = connectRedis({ urls: [server.url], isCluster: false, world: systemWorld });
await redis.ready(5_000);
const file = import.meta.resolve('@weir/server/limiter/redis').replace(/redis\.ts$/, 'take.lua');
const script = new RedisScript(redis, new URL(file));
const tenth = Math.ceil(steps / 10);
report('Lua = TypeScript = BigInt', await fuzzLaw({ script, seed, steps }));
report('batch = sequence', await fuzzBatches({ script, seed, steps: tenth }));
report('a refusal takes nothing', await fuzzAllOrNothing({ script, seed, steps: tenth }));
redis.close();

function report(promise: string, { steps: done, refusals, differences }: Fuzzed): void {
  console.log(`${promise}: ${done} steps, ${refusals} refused, ${differences.length} differences`);
  for (const difference of differences) console.log(`  ${difference}`);
  if (differences.length > 0) process.exitCode = 1;
}
