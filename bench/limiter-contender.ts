import { setTimeout as wait } from 'node:timers/promises';
import { compileQuota } from '@weir/core/gcra';
import { systemWorld } from '@weir/core/world/system';
import { RedisLimiter } from '@weir/server/limiter/redis';
import { stateKeysOf } from '@weir/server/limiter/state-key';
import { TakeBatch } from '@weir/server/limiter/take-batch';
import { connectRedis, type RedisConnection } from '@weir/server/redis/connect';
import { RedisScript } from '@weir/server/redis/script';
import type { Caller } from '@weir/server/tenants/caller';
import { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';

// One contender in a process of its own: NAME MODE SECONDS URL. `closed` keeps 256 decisions under way,
// `open` begins 20,000 a second, `spent` asks again and again for what is known to be spent. Prints
// one line of JSON.

const [name = '', mode = '', seconds = '', url = ''] = process.argv.slice(2);
const tenants = 10_000;
const underWay = 256;
const perMs = 20;
const warmUpMs = 2_000;
const cost = { requests: 1, events: 0, bytes: 0 };

type Take = (tenant: number) => unknown;

const redis = connectRedis({ urls: [url], isCluster: false, world: systemWorld });
await redis.ready(5_000);
const contenders: Readonly<Record<string, () => Take>> = {
  weir: () => {
    const limiter = limiterOn(redis);
    const callers = callersOf({ tokens: 10, burst: 1_000_000 });
    return (tenant) => limiter.take(callers[tenant] as Caller, cost);
  },
  'EVALSHA one by one': () => oneByOne(new Redis(url), callersOf({ tokens: 10, burst: 1_000_000 })),
  RateLimiterRedis: () => {
    const options = { storeClient: new Redis(url), points: 1_000_000, duration: 3_600 };
    const limiter = new RateLimiterRedis(options);
    return (tenant) => limiter.consume(`t${tenant}`);
  },
  RateLimiterMemory: () => {
    const limiter = new RateLimiterMemory({ points: 1_000_000, duration: 3_600 });
    return (tenant) => limiter.consume(`t${tenant}`);
  },
};
const modes: Readonly<Record<string, (forMs: number) => Promise<object>>> = {
  closed: async (forMs) => {
    const take = (contenders[name] as () => Take)();
    const warm = await closedLoop(take, warmUpMs);
    return { ...(await timed(() => closedLoop(take, forMs))), warm };
  },
  open: async (forMs) => {
    const take = (contenders[name] as () => Take)();
    const warm = await closedLoop(take, warmUpMs);
    return { ...(await openLoop(take, forMs)), warm };
  },
  spent: async (forMs) => {
    const ask = await spentQuotas();
    refusals(ask, warmUpMs);
    return await timed(async () => refusals(ask, forMs));
  },
};
console.log(JSON.stringify(await modes[mode]?.(1_000 * Number(seconds))));
process.exit(0);

async function timed(run: () => Promise<number>): Promise<object> {
  const before = process.cpuUsage();
  const startedMs = performance.now();
  const decisions = await run();
  const tookMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(before);
  return { decisions, perSecond: (1_000 * decisions) / tookMs, cpuUs: (user + system) / decisions };
}

/** How many were decided: each worker begins its next decision when it has the last. */
async function closedLoop(take: Take, forMs: number): Promise<number> {
  const endMs = performance.now() + forMs;
  let decisions = 0;
  const workers = Array.from({ length: underWay }, async (_, i) => {
    for (let tenant = i; performance.now() < endMs; tenant = (tenant + 257) % tenants) {
      await take(tenant);
      decisions += 1;
    }
  });
  await Promise.all(workers);
  return decisions;
}

/** Every millisecond twenty, however slowly they are decided; waits count from then on. */
async function openLoop(take: Take, forMs: number): Promise<object> {
  const waitsMs: number[] = [];
  const deciding: Promise<void>[] = [];
  const startedMs = performance.now();
  for (let tick = 0; tick < forMs; ) {
    if (performance.now() < startedMs + tick) {
      await wait(1);
      continue;
    }
    for (let i = 0; i < perMs; i += 1)
      deciding.push(decide(take, tick * perMs + i, startedMs + tick));
    tick += 1;
  }
  await Promise.all(deciding);
  const sorted = waitsMs.sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * sorted.length)];
  return { decisions: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99) };

  async function decide(ask: Take, number: number, dueMs: number): Promise<void> {
    await ask((number * 257) % tenants);
    waitsMs.push(performance.now() - dueMs);
  }
}

/** A hundred who are out of quota for a day, which is known, and ask all the same. */
async function spentQuotas(): Promise<Take> {
  const limiter = limiterOn(redis);
  const callers = callersOf({ tokens: 1, burst: 1 }, 86_400_000_000).slice(0, 100);
  for (const caller of callers) await limiter.take(caller, cost);
  return (tenant) => limiter.knownRefusal(callers[tenant % 100] as Caller, cost);
}

function refusals(ask: Take, forMs: number): number {
  const endMs = performance.now() + forMs;
  let decisions = 0;
  while (performance.now() < endMs) {
    for (let i = 0; i < 1_000; i += 1) {
      if (ask((decisions * 257) % tenants) === undefined) throw new Error('not known to be spent');
      decisions += 1;
    }
  }
  return decisions;
}

function limiterOn(connection: RedisConnection): RedisLimiter {
  const silent = { called() {}, ghosts() {}, damaged() {}, troubled() {}, recovered() {} };
  return new RedisLimiter({
    redis: connection,
    world: systemWorld,
    soon: setImmediate,
    deadlineMs: 5_000,
    servers: () => 1,
    prefix: 'bench',
    events: silent,
  });
}

/** The same script, a call for each decision. */
function oneByOne(client: Redis, callers: readonly Caller[]): Take {
  const limiter = import.meta.resolve('@weir/server/limiter/redis');
  const script = new RedisScript({ client }, new URL('./take.lua', limiter));
  const keys = callers.map((caller) => stateKeysOf(caller, 'bench').keys);
  return async (tenant) => {
    const batch = new TakeBatch();
    const { quotas } = callers[tenant] as Caller;
    batch.add({ kind: 'take', quotas, keys: keys[tenant] as readonly string[], cost });
    return batch.read((await script.run(batch.keys, [batch.pack()])) as Buffer);
  };
}

function callersOf(
  { tokens, burst }: { readonly tokens: number; readonly burst: number },
  periodUs = 1_000_000,
): readonly Caller[] {
  const onTrouble = 'local';
  const quota = compileQuota({ tokens, periodUs, burst });
  const named = { name: 'req', unit: 'requests', quota, scope: 'tenant' } as const;
  return Array.from(
    { length: tenants },
    (_, i): Caller => ({
      tenant: `t${i}`,
      keyId: 'k00000000000',
      weight: 1,
      isDenied: false,
      isAllowed: false,
      scopes: new Set(['ingest']),
      quotas: [{ ...named, shadow: false, onTrouble, stateKey: `t${i}/req` }],
      limits: { bodyBytes: 1, decodedBytes: 1, eventBytes: 1, events: 1 },
    }),
  );
}
