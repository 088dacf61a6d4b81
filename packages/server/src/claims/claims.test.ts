import { systemWorld } from '@weir/core/world/system';
import { expect, test } from 'vitest';
import { connectRedis, type RedisConnection } from '../redis/connect.ts';
import { onRedis } from '../redis/on-redis.model.ts';
import { type RedisServer, startRedisServer } from '../redis/redis-server.model.ts';
import { Repeats, type Taken } from '../repeats.ts';
import { hashBody, hashKey } from '../spool/idempotency.ts';
import { RedisClaims } from './redis-claims.ts';

const receipt = (name: string) => ({ receipt: name, accepted: 1, rejected: [] });
const keyed = (key: string, body = '{}') => ({
  key: hashKey('acme', key),
  body: hashBody(Buffer.from(body)),
});

interface ServerUnderTest {
  readonly redis: RedisConnection;
  readonly claims: RedisClaims;
  readonly repeats: Repeats;
  readonly outcomes: string[];
}

async function serverOn(
  server: RedisServer,
  silentMs = 30_000,
  writer = 'a'.repeat(16),
): Promise<ServerUnderTest> {
  const urls = [`redis://127.0.0.1:${server.port}`];
  const redis = connectRedis({ urls, isCluster: false, world: systemWorld });
  expect(await redis.ready(5_000)).toBe(true);
  const outcomes: string[] = [];
  const claims = new RedisClaims({
    redis,
    world: systemWorld,
    writer,
    deadlineMs: 250,
    windowMs: 600_000,
    silentMs,
    counts: { claim: (outcome) => void outcomes.push(outcome) },
  });
  return { redis, outcomes, claims, repeats: new Repeats({ repeat: () => undefined }, claims) };
}

/** A request that is answered when the test says so. */
function slow() {
  const { promise, resolve } = Promise.withResolvers<Taken>();
  let isTaken = false;
  const take = () => {
    isTaken = true;
    return promise;
  };
  return { take, resolve, isTaken: () => isTaken };
}

/** Keys as a spool tells of them: each hash in the same place as the one before. */
function recovered(writer: string, names: readonly string[], leftMs = 60_000) {
  const idempotency = { key: new Uint8Array(16), body: new Uint8Array(16) };
  return {
    writer,
    *answers() {
      for (const name of names) {
        idempotency.key.set(keyed(name).key);
        idempotency.body.set(keyed(name).body);
        yield { idempotency, receipt: receipt(`receipt of ${name}`), leftMs };
      }
    },
  };
}

async function closing(servers: readonly ServerUnderTest[]): Promise<void> {
  for (const { redis } of servers) redis.close();
}

onRedis('a repeated Idempotency-Key stores once, whichever server it goes to', () => {
  test('a repeat elsewhere is told to come again while the first is under way, and then its reply', async () => {
    await using server = await startRedisServer();
    const [one, other] = [await serverOn(server), await serverOn(server)];
    const first = slow();
    const answer = one.repeats.once(keyed('k'), first.take);
    await expect.poll(first.isTaken).toBe(true);

    const never = () => Promise.reject(new Error('taken twice'));
    expect(await other.repeats.once(keyed('k'), never)).toMatchObject({
      refused: 'repeat_under_way',
      retryAfterMs: 1_000,
    });
    expect(await other.repeats.once(keyed('k', 'another'), never)).toMatchObject({
      refused: 'idempotency_mismatch',
    });
    first.resolve({ receipt: receipt('r1') });
    expect(await answer).toEqual({ receipt: receipt('r1') });

    expect(await other.repeats.once(keyed('k'), never)).toEqual({ receipt: receipt('r1') });
    expect(await other.repeats.once(keyed('k', 'another'), never)).toMatchObject({
      refused: 'idempotency_mismatch',
    });
    expect(other.outcomes).toEqual(['open', 'open', 'repeat', 'repeat']);
    await closing([one, other]);
  });

  test('a request that was refused, or failed, leaves the key free', async () => {
    await using server = await startRedisServer();
    const [one, other] = [await serverOn(server), await serverOn(server)];
    const refusal = { refused: 'rate_limited', detail: '' } as const;
    expect(await one.repeats.once(keyed('k'), async () => refusal)).toBe(refusal);
    await expect.poll(() => server.command('DBSIZE')).toBe(0);
    const broken = () => Promise.reject(new Error('broken'));
    await expect(other.repeats.once(keyed('k'), broken)).rejects.toThrow('broken');
    await expect.poll(() => server.command('DBSIZE')).toBe(0);
    const taken = async () => ({ receipt: receipt('r2') });
    expect(await one.repeats.once(keyed('k'), taken)).toEqual({ receipt: receipt('r2') });
    await closing([one, other]);
  });

  test('of many servers and requests at one instant one takes it', async () => {
    await using server = await startRedisServer();
    const servers = await Promise.all([1, 2, 3].map(() => serverOn(server)));
    let taken = 0;
    const take = async () => {
      taken += 1;
      return { receipt: receipt(`r${taken}`) };
    };
    const all = servers.flatMap(({ repeats }) =>
      [1, 2, 3].map(() => repeats.once(keyed('k'), take)),
    );
    const answers = await Promise.all(all);
    expect(taken).toBe(1);
    for (const answer of answers) {
      if ('receipt' in answer) expect(answer.receipt).toEqual(receipt('r1'));
      else expect(answer.refused).toBe('repeat_under_way');
    }
    await closing(servers);
  });

  test('a claim that is heard of is not taken over, however long it takes; a silent one is, once', async () => {
    await using server = await startRedisServer();
    const [one, other] = [await serverOn(server, 300), await serverOn(server, 300)];
    const first = slow();
    const answer = one.repeats.once(keyed('k'), first.take);
    await expect.poll(first.isTaken).toBe(true);
    const take = async () => ({ receipt: receipt('r2') });
    const untilMs = performance.now() + 900;
    while (performance.now() < untilMs) {
      expect(await other.repeats.once(keyed('k'), take)).toMatchObject({
        refused: 'repeat_under_way',
      });
    }

    one.redis.close(); // as if its process had died
    await expect
      .poll(() => other.repeats.once(keyed('k'), take))
      .toEqual({ receipt: receipt('r2') });
    expect(other.outcomes.filter((outcome) => outcome === 'taken_over')).toHaveLength(1);
    first.resolve({ receipt: receipt('r1') });
    await answer;
    expect(await other.repeats.once(keyed('k'), take)).toEqual({ receipt: receipt('r2') });
    await closing([other]);
  });

  test('while Redis is away the local window alone counts, and nothing waits long', async () => {
    await using server = await startRedisServer();
    const one = await serverOn(server);
    server.pause();
    const startMs = performance.now();
    const take = async () => ({ receipt: receipt('r1') });
    for (let i = 0; i < 20; i += 1) {
      expect(await one.repeats.once(keyed(`k${i}`), take)).toEqual({ receipt: receipt('r1') });
    }
    expect(performance.now() - startMs).toBeLessThan(1_000); // one waits, and then nobody
    server.resume();
    await expect
      .poll(
        async () => {
          await one.repeats.once(keyed(`later ${one.outcomes.length}`), take);
          return one.outcomes.at(-1);
        },
        { timeout: 5_000 },
      )
      .toBe('claimed');
    await closing([one]);
  });

  test('what was answered while Redis was away is known everywhere once it is back', async () => {
    await using server = await startRedisServer();
    const [one, other] = [await serverOn(server), await serverOn(server)];
    server.pause();
    const take = async () => ({ receipt: receipt('r1') });
    expect(await one.repeats.once(keyed('k'), take)).toEqual({ receipt: receipt('r1') });
    const refusal = { refused: 'over_capacity', detail: '' } as const;
    await one.repeats.once(keyed('refused'), async () => refusal);
    server.resume();
    await expect.poll(() => server.command('DBSIZE'), { timeout: 5_000 }).toBe(1);
    const never = () => Promise.reject(new Error('taken twice'));
    const ask = () => other.repeats.once(keyed('k'), never);
    await expect.poll(ask, { timeout: 5_000 }).toEqual({ receipt: receipt('r1') });
    await closing([one, other]);
  });

  test('what a server that died had answered is known everywhere once its spool is found', async () => {
    await using server = await startRedisServer();
    const dead = await serverOn(server, 30_000, 'd'.repeat(16));
    const [heir, other] = [await serverOn(server), await serverOn(server)];
    const first = slow();
    void dead.repeats.once(keyed('k'), first.take);
    await expect.poll(first.isTaken).toBe(true);
    dead.redis.close();
    const never = () => Promise.reject(new Error('taken twice'));
    expect(await other.repeats.once(keyed('k'), never)).toMatchObject({
      refused: 'repeat_under_way',
    });

    const names = ['k', ...Array.from({ length: 200 }, (_, i) => `k${i}`)];
    heir.claims.recovered(recovered('d'.repeat(16), names));
    await expect.poll(() => heir.outcomes.length, { timeout: 5_000 }).toBe(201);
    for (const name of names) {
      const answer = { receipt: receipt(`receipt of ${name}`) };
      expect(await other.repeats.once(keyed(name), never)).toEqual(answer);
    }
    expect(heir.outcomes).toEqual(names.map(() => 'recovered'));
    const key = `weir1:key:${Buffer.from(keyed('k').key).toString('base64url')}`;
    expect(await server.command('PTTL', key)).toBeLessThanOrEqual(60_000);
    await closing([heir, other]);
  });

  test('what was recovered does not overwrite an answer, nor a claim of a server that lives', async () => {
    await using server = await startRedisServer();
    const [heir, other] = [await serverOn(server), await serverOn(server, 30_000, 'o'.repeat(16))];
    const answered = { receipt: receipt('the answer of another') };
    await other.repeats.once(keyed('answered'), async () => answered);
    const atIt = slow();
    const answer = other.repeats.once(keyed('under way'), atIt.take);
    await expect.poll(atIt.isTaken).toBe(true);

    heir.claims.recovered(recovered('d'.repeat(16), ['answered', 'under way', 'last']));
    await expect.poll(() => heir.outcomes, { timeout: 5_000 }).toEqual(['recovered']);
    const never = () => Promise.reject(new Error('taken twice'));
    expect(await heir.repeats.once(keyed('last'), never)).toMatchObject({
      receipt: receipt('receipt of last'),
    });
    expect(await heir.repeats.once(keyed('answered'), never)).toEqual(answered);
    expect(await heir.repeats.once(keyed('under way'), never)).toMatchObject({
      refused: 'repeat_under_way',
    });
    atIt.resolve(answered);
    await answer;
    expect(await heir.repeats.once(keyed('under way'), never)).toEqual(answered);
    await closing([heir, other]);
  });

  test('what was recovered while Redis is away is told when it is back, but not what is over by then', async () => {
    await using server = await startRedisServer();
    const [heir, other] = [await serverOn(server), await serverOn(server)];
    server.pause();
    heir.claims.recovered(recovered('d'.repeat(16), ['over'], 1));
    heir.claims.recovered(recovered('d'.repeat(16), ['k']));
    server.resume();
    await expect.poll(() => heir.outcomes.length, { timeout: 10_000 }).toBeGreaterThan(0);
    const never = () => Promise.reject(new Error('taken twice'));
    expect(await other.repeats.once(keyed('k'), never)).toEqual({
      receipt: receipt('receipt of k'),
    });
    const anew = { receipt: receipt('anew') };
    const take = async () => anew;
    await expect.poll(() => other.repeats.once(keyed('over'), take)).toEqual(anew);
    await closing([heir, other]);
  });

  test('a value that is none of ours is replaced', async () => {
    await using server = await startRedisServer();
    const one = await serverOn(server);
    const name = `weir1:key:${Buffer.from(keyed('k').key).toString('base64url')}`;
    await server.command('SET', name, 'nonsense');
    const take = async () => ({ receipt: receipt('r1') });
    expect(await one.repeats.once(keyed('k'), take)).toEqual({ receipt: receipt('r1') });
    expect(await server.command('TYPE', name)).toBe('hash');
    expect(await server.command('PTTL', name)).toBeGreaterThan(500_000);
    await closing([one]);
  });
});
