import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onRedis } from '@weir/server/redis/on-redis.model';
import { startRedisServer } from '@weir/server/redis/redis-server.model';
import { expect, test } from 'vitest';
import { readMetric } from './support/metrics.ts';
import { post, type Reply } from './support/sender.ts';
import { storedIds } from './support/stored-events.ts';
import { makeKey, writeTenants } from './support/tenants.ts';
import {
  eventually,
  startWeir,
  temporaryFolder,
  type WeirProcess,
} from './support/weir-process.ts';

// "A repeated Idempotency-Key stores once", whichever of two servers it goes to.

const silentMs = 3_000;

/** How to start servers with a key of one tenant, each with a folder of its name. */
async function serversOn(redis: { readonly url: string }, folder: string, forMs: number) {
  const key = makeKey();
  const file = join(folder, 'tenants.json');
  await writeTenants(file, { acme: { keys: [key] } });
  const startOn = (name: string, more: Readonly<Record<string, string>> = {}) =>
    startWeir({
      dataDir: join(folder, name),
      program: fileURLToPath(new URL('./support/crashing-weir.ts', import.meta.url)),
      args: [],
      env: {
        WEIR_TENANTS: file,
        REDIS_URL: redis.url,
        WEIR_SEGMENT_AGE_MS: '100',
        WEIR_TEST_SILENT_MS: `${forMs}`,
        ...more,
      },
    });
  return { key, startOn };
}

onRedis('a repeated Idempotency-Key stores once on two servers', () => {
  test('the reply of one is the reply of the other; a key whose owner was killed is taken over, once', async () => {
    await using folder = await temporaryFolder();
    await using redis = await startRedisServer();
    const { key, startOn } = await serversOn(redis, folder.path, silentMs);
    await using one = await startOn('one');
    await using other = await startOn('other');
    const send = (weir: WeirProcess, name: string, id: string): Promise<Reply> =>
      post({ url: weir.url, key: key.text }, JSON.stringify({ type: 'a', id }), {
        headers: { 'idempotency-key': name },
      });

    const ids = Array.from({ length: 10 }, () => randomUUID());
    for (const id of ids) {
      const first = await send(one, `key-of-${id}`, id);
      expect(first.status).toBe(202);
      expect(await send(other, `key-of-${id}`, id)).toMatchObject({
        status: 202,
        body: first.body,
      });
    }
    expect(await send(other, `key-of-${ids[0]}`, randomUUID())).toMatchObject({ status: 422 });

    // A third one dies when the batch is on its disk and its sender has not heard so.
    const dying = await startOn('dying', {
      WEIR_TEST_CRASH: 'commit:after',
      WEIR_TEST_CRASH_NTH: 'armed',
    });
    process.kill(dying.pid, 'SIGUSR2');
    const lost = randomUUID();
    const killedMs = performance.now();
    await expect(send(dying, 'lost', lost)).rejects.toThrow();
    expect(await dying.ended).toBe('SIGKILL');

    const early = await send(other, 'lost', lost);
    expect(early).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(JSON.parse(early.body)).toMatchObject({ code: 'repeat_under_way' });
    const late = await eventually('it is taken over', async () => {
      const reply = await send(other, 'lost', lost);
      return reply.status === 503 ? undefined : reply;
    });
    expect(performance.now() - killedMs).toBeGreaterThan(silentMs / 2); // Redis' clock is the wall's
    expect(late.status).toBe(202);
    expect((await send(one, 'lost', lost)).body).toBe(late.body);
    const takenOver = 'weir_idempotency_claims_total{outcome="taken_over"}';
    expect(await readMetric(other.adminUrl, takenOver)).toBe(1);

    for (const weir of [one, other]) {
      await eventually('all is delivered', async () =>
        (await readMetric(weir.adminUrl, 'weir_spool_requests')) === 0 ? true : undefined,
      );
    }
    const stored = await storedIds(join(folder.path, 'one/store'));
    for (const id of ids) expect(stored.get(id)).toBe(1);
    expect((await storedIds(join(folder.path, 'other/store'))).get(lost)).toBe(1);
  });

  test('a server that was killed with a reply unsent tells the others of it once it is back', async () => {
    await using folder = await temporaryFolder();
    await using redis = await startRedisServer();
    // Longer than this test takes: nothing here is taken over for silence.
    const { key, startOn } = await serversOn(redis, folder.path, 600_000);
    const send = (weir: WeirProcess): Promise<Reply> =>
      post({ url: weir.url, key: key.text }, JSON.stringify({ type: 'a', id }), {
        headers: { 'idempotency-key': 'lost' },
      });
    const id = randomUUID();
    const [dying, other] = await Promise.all([
      startOn('dying', { WEIR_TEST_CRASH: 'commit:after', WEIR_TEST_CRASH_NTH: 'armed' }),
      startOn('other'),
    ]);
    await using _other = other;
    process.kill(dying.pid, 'SIGUSR2');
    await expect(send(dying)).rejects.toThrow();
    expect(await dying.ended).toBe('SIGKILL');
    expect(await send(other)).toMatchObject({ status: 503 });

    await using back = await startOn('dying');
    const reply = await eventually('the other one knows the answer', async () => {
      const found = await send(other);
      return found.status === 503 ? undefined : found;
    });
    expect(reply.status).toBe(202);
    expect(await send(back)).toMatchObject({ status: 202, body: reply.body });
    const claims = (outcome: string) => `weir_idempotency_claims_total{outcome="${outcome}"}`;
    expect(await readMetric(back.adminUrl, claims('recovered'))).toBe(1);
    expect(await readMetric(other.adminUrl, claims('taken_over'))).toBe(0);
    await eventually('it is delivered', async () =>
      (await readMetric(back.adminUrl, 'weir_spool_requests')) === 0 ? true : undefined,
    );
    expect((await storedIds(join(folder.path, 'dying/store'))).get(id)).toBe(1);
    expect((await storedIds(join(folder.path, 'other/store'))).size).toBe(0);
  });
});
