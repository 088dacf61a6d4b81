import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Decision } from '@weir/core/admission';
import { compileQuota } from '@weir/core/gcra';
import { systemWorld } from '@weir/core/world/system';
import { callerOf } from '@weir/server/limiter/limiter.contract';
import { RedisLimiter } from '@weir/server/limiter/redis';
import { ServerCount } from '@weir/server/limiter/server-count';
import { connectRedis } from '@weir/server/redis/connect';
import type { LimiterLoad, LimiterResult } from './limiter-process.ts';

// One server's limiter in a process of its own, asked as requests would. Its task comes as an
// argument; it says "ready", begins on a line of standard input, and ends with a line of JSON.

const task = JSON.parse(process.argv[2] ?? '') as LimiterLoad;
const redis = connectRedis({
  urls: task.urls,
  isCluster: task.urls.length > 1,
  world: systemWorld,
});
await redis.ready(5_000);
const prefix = 'load';
const servers = new ServerCount({ redis, world: systemWorld, prefix });
await servers.start();
const counts = { ghosts: 0, damaged: 0, failed: 0 };
const reasons = new Set<string>();
const limiter = new RedisLimiter({
  redis,
  world: systemWorld,
  soon: setImmediate,
  deadlineMs: task.deadlineMs,
  servers: () => servers.count,
  prefix,
  events: {
    called() {},
    ghosts(charged) {
      counts.ghosts += charged;
    },
    damaged(count) {
      counts.damaged += count;
    },
    troubled: (reason) => void reasons.add(reason),
    recovered() {},
  },
});
const quota = compileQuota({ tokens: task.tokens, periodUs: task.periodUs, burst: task.burst });
const callers = Array.from({ length: task.tenants }, (_, i) =>
  callerOf(`t${i}`, [{ name: 'req', unit: 'requests', quota }]),
);
const cost = { requests: 1, events: 0, bytes: 0 };

interface Asked {
  readonly tenant: number;
  readonly atMs: number;
  readonly fromMs: number;
  readonly tookMs: number;
  readonly decision: Decision;
}

const asked: Asked[] = [];
/** When this process was held up by others on its machine, from and to. */
const pauses: (readonly [fromMs: number, toMs: number])[] = [];
const pauseMs = 2;
await wait(1_200); // until the servers have heard of each other
console.log('ready');
await once(process.stdin, 'data');
const startMs = Date.now();
await (task.seconds === 0 ? burst() : openLoop());
// Only once all of it is written: what a pipe has not taken yet is lost with the process.
process.stdout.write(`${JSON.stringify(resultOf(Date.now() - startMs))}\n`, () => process.exit(0));

/** All at one instant. */
async function burst(): Promise<void> {
  await Promise.all(Array.from({ length: task.perSecond }, (_, i) => ask(i)));
}

async function openLoop(): Promise<void> {
  const asking: Promise<void>[] = [];
  const beganMs = performance.now();
  const total = task.perSecond * task.seconds;
  while (asking.length < total) {
    const due = Math.min(total, ((performance.now() - beganMs) * task.perSecond) / 1_000);
    while (asking.length < due) asking.push(ask(asking.length));
    await tick();
  }
  let isDone = false;
  const done = Promise.all(asking).then(() => {
    isDone = true;
  });
  while (!isDone) await tick();
  await done;
}

async function tick(): Promise<void> {
  const fromMs = performance.now();
  await wait(1);
  const toMs = performance.now();
  if (toMs - fromMs > 1 + pauseMs) pauses.push([fromMs + 1, toMs]);
}

/** As a request is: turned away if that is known, else decided on. */
async function ask(number: number): Promise<void> {
  const caller = callers[number % callers.length] as (typeof callers)[number];
  const fromMs = performance.now();
  const atMs = Date.now();
  try {
    const decision = limiter.knownRefusal(caller, cost) ?? (await limiter.take(caller, cost));
    asked.push({
      tenant: number % callers.length,
      atMs,
      fromMs,
      tookMs: performance.now() - fromMs,
      decision,
    });
  } catch {
    counts.failed += 1;
  }
}

function resultOf(tookMs: number): LimiterResult {
  const allowed = asked.filter(({ decision }) => decision.allowed);
  const waits = (some: readonly Asked[]) => some.map(waitOf).sort((a, b) => a - b);
  const local = asked.filter(({ decision }) => decision.source === 'local');
  return {
    ...counts,
    tookMs,
    asked: asked.length,
    allowed: allowed.length,
    untilMs: asked.reduce((latest, { atMs }) => Math.max(latest, atMs), 0),
    allowedAtMs: allowed.map(({ atMs }) => atMs).sort((a, b) => a - b),
    waitsMs: waits(asked),
    // Those that were not waiting for Redis when it was given up.
    localWaitsMs: waits(local.filter(({ tookMs }) => tookMs < 10)),
    redisAtMs: asked.filter(isFromRedis).map(({ atMs, tookMs }) => atMs + tookMs),
    perTenant: callers.map((_, tenant) => lastFromRedis(asked, tenant)),
    pausedMs: pauses.reduce((sum, [fromMs, toMs]) => sum + toMs - fromMs, 0),
    servers: servers.count,
    reasons: [...reasons],
  };
}

function isFromRedis({ decision: { source } }: Asked): boolean {
  return source === 'redis';
}

function lastFromRedis(all: readonly Asked[], tenant: number): number {
  return all.findLast((one) => one.tenant === tenant && isFromRedis(one))?.atMs ?? 0;
}

/** Without what this process was held up meanwhile. */
function waitOf({ fromMs, tookMs }: Asked): number {
  const endMs = fromMs + tookMs;
  return pauses.reduce(
    (rest, [pausedMs, onMs]) =>
      rest - Math.max(0, Math.min(endMs, onMs) - Math.max(fromMs, pausedMs)),
    tookMs,
  );
}
