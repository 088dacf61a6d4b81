import type { Cost, Decision } from '@weir/core/admission';
import { compileQuota } from '@weir/core/gcra';
import { isContended, placeSlot, slotBounds } from '@weir/core/slots';
import { seededRandom } from '@weir/core/world/random';
import { systemWorld } from '@weir/core/world/system';
import { expect, test } from 'vitest';
import { connectRedis } from '../redis/connect.ts';
import { onRedis } from '../redis/on-redis.model.ts';
import { type RedisServer, startRedisServer } from '../redis/redis-server.model.ts';
import { RedisScript } from '../redis/script.ts';
import { type Asked, MemoryHints } from './hints.ts';
import { callerOf, cost } from './limiter.contract.ts';
import { MemoryLimiter } from './memory.ts';
import { RedisHints } from './redis-hints.ts';

const steps = 4_000;
const bounds = {
  longestAheadUs: 5_000_000,
  longestNextUs: 2_000_000,
  expireUs: 300_000,
  mostSenders: 6,
};

async function connected(server: RedisServer) {
  const urls = [`redis://127.0.0.1:${server.port}`];
  const redis = connectRedis({ urls, isCluster: false, world: systemWorld });
  expect(await redis.ready(5_000)).toBe(true);
  return redis;
}

interface Step {
  readonly nowUs: number;
  readonly sender: string;
  readonly allowed: boolean;
  readonly left: number;
  readonly cost: number;
  readonly waitUs: number;
  readonly spanUs: number;
}

/** The law of slots.ts with an exact count of senders, against which the script is held. */
function lawOf() {
  const untilUs = new Map<string, number>();
  let cursorUs = 0;
  const offerOf = (
    { nowUs, allowed, left, cost: tokens, waitUs, spanUs }: Step,
    senders: number,
  ) => {
    const verdict = { allowed, oversize: false, remaining: left };
    if (!isContended(verdict, tokens, senders)) return undefined;
    return placeSlot({ allowed, nowUs, waitUs, spanUs, cursorUs }, bounds);
  };
  return (step: Step): number[] => {
    const { nowUs, sender, allowed, waitUs } = step;
    forgetBefore(untilUs, nowUs);
    const senders = new Set([...untilUs.keys(), sender]).size;
    if (senders > bounds.mostSenders) return [-1, 0, untilUs.size];
    const offer = offerOf(step, senders);
    if (offer?.isHeld) cursorUs = offer.cursorUs;
    const toldUs = (offer?.atUs ?? nowUs - 1) - nowUs;
    const backUs = allowed ? 0 : Math.min(waitUs, bounds.longestAheadUs);
    untilUs.set(sender, nowUs + Math.max(toldUs, backUs, 0) + bounds.expireUs);
    return [toldUs, Number(offer?.isHeld ?? false), senders];
  };
}

function forgetBefore(untilUs: Map<string, number>, nowUs: number): void {
  for (const [name, until] of untilUs) if (until < nowUs) untilUs.delete(name);
}

function stepsFrom(seed: number): Step[] {
  const random = seededRandom(seed).uniform;
  const below = (most: number): number => Math.floor(random() * most);
  let nowUs = 1_790_000_000_000_000;
  return Array.from({ length: steps }, () => {
    nowUs += below(10) === 0 ? below(4_000_000) : below(90_000);
    const allowed = below(2) === 0;
    const tokens = 1 + below(3);
    const spanUs = tokens * (1 + below(200_000));
    const waitUs = allowed ? below(2) * below(100_000) : 1 + below(6_000_000);
    const sender = `s${below(8)}`;
    return { nowUs, sender, allowed, left: below(20), cost: tokens, waitUs, spanUs };
  });
}

onRedis('turns on a quota that servers share', () => {
  test('the script does what the law in TypeScript does, step by step', async () => {
    await using server = await startRedisServer();
    const redis = await connected(server);
    const script = new RedisScript(redis, new URL('./slots.lua', import.meta.url));
    const law = lawOf();
    let held = 0;
    const all = stepsFrom(7);
    const { mostSenders, longestAheadUs, longestNextUs, expireUs } = bounds;
    const head = [mostSenders, longestAheadUs, longestNextUs, expireUs];
    const replies = await Promise.all(
      all.map(({ nowUs, sender, allowed, left, cost: tokens, waitUs, spanUs }) => {
        const part = [allowed ? 0 : 1, left, tokens, waitUs, spanUs];
        return script.run(
          ['{a}:s', '{a}:c'],
          [`${nowUs}`, sender, ...[...head, ...part].map(String)],
        );
      }),
    );
    for (const [i, step] of all.entries()) {
      const expected = law(step);
      held += expected[1] ?? 0;
      expect(replies[i], `step ${i}: ${JSON.stringify(step)}`).toEqual(expected);
    }
    expect(held).toBeGreaterThan(steps / 10);
    redis.close();
  });

  test('senders on two servers get turns of one queue, and are told theirs again without a call', async () => {
    await using server = await startRedisServer();
    const connections = [await connected(server), await connected(server)];
    const [one, other] = connections.map(
      (redis) =>
        new RedisHints({ redis, world: systemWorld, bounds: slotBounds, deadlineMs: 1_000 }),
    ) as [RedisHints, RedisHints];
    const quota = compileQuota({ tokens: 1, periodUs: 10_000_000, burst: 1 });
    const caller = callerOf('acme', [{ name: 'req', unit: 'requests', quota }]);
    const limiter = new MemoryLimiter(systemWorld); // decides for both; the hints are what is tested
    const ask = (hints: RedisHints, sender: string) => {
      const decision: Decision = { ...limiter.take(caller, cost(1)), source: 'redis' };
      const asked: Asked = { sender, caller, cost: cost(1) as Cost, decision };
      return hints.tell(asked);
    };
    expect(await ask(one, 'a')).toBeUndefined();
    const turns = [await ask(one, 'b'), await ask(other, 'c'), await ask(one, 'd')].map((turn) =>
      Math.round((turn ?? 0) / 1_000_000),
    );
    expect(turns).toEqual([10, 20, 30]);

    const again = ask(one, 'b');
    expect(again).not.toBeInstanceOf(Promise);
    expect(Math.round((again as number) / 1_000_000)).toBe(10);
    for (let i = 0; i < 30; i += 1) await ask(other, `crowd${i}`);
    const late = ask(other, 'late'); // the queue is four minutes long by now
    expect(late).toBe(240_000_000);

    await server.kill();
    await expect.poll(() => connections[0]?.client.status).not.toBe('ready');
    expect(await ask(one, 'new')).toBeUndefined();
    for (const redis of connections) redis.close();
  });

  test('who is refused while nobody else is about is given a turn, in Redis as in memory', async () => {
    await using server = await startRedisServer();
    const redis = await connected(server);
    const quota = compileQuota({ tokens: 1, periodUs: 10_000_000, burst: 1 });
    const caller = callerOf('acme', [{ name: 'req', unit: 'requests', quota }]);
    const limiter = new MemoryLimiter(systemWorld);
    limiter.take(caller, cost(1)); // by one who has no name
    const decision: Decision = { ...limiter.take(caller, cost(1)), source: 'redis' };
    const deps = { redis, world: systemWorld, bounds: slotBounds, deadlineMs: 1_000 };
    for (const hints of [new RedisHints(deps), new MemoryHints(systemWorld)]) {
      const ask = (sender: string) => hints.tell({ sender, caller, cost: cost(1), decision });
      expect(decision.allowed).toBe(false);
      expect(Math.round(((await ask('alone')) ?? 0) / 1_000_000)).toBe(10);
      expect(Math.round(((await ask('next')) ?? 0) / 1_000_000)).toBe(20); // not the same token
    }
    redis.close();
  });

  test('a new name for each request costs Redis calls only up to the most senders', async () => {
    await using server = await startRedisServer();
    const redis = await connected(server);
    const few = { ...slotBounds, mostSenders: 30 };
    const hints = new RedisHints({ redis, world: systemWorld, bounds: few, deadlineMs: 1_000 });
    const quota = compileQuota({ tokens: 10, periodUs: 1_000_000, burst: 1 });
    const caller = callerOf('acme', [{ name: 'req', unit: 'requests', quota }]);
    const limiter = new MemoryLimiter(systemWorld);
    limiter.take(caller, cost(1));
    const decision: Decision = { ...limiter.take(caller, cost(1)), source: 'redis' };
    let calls = 0;
    for (let i = 0; i < 100; i += 1) {
      const told = hints.tell({ sender: `s${i}`, caller, cost: cost(1), decision });
      if (told instanceof Promise) calls += 1;
      await told;
    }
    expect(calls).toBeGreaterThanOrEqual(30);
    expect(calls).toBeLessThan(40);
    redis.close();
  });
});
