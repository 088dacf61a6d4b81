import { Agent } from 'node:http';
import { join } from 'node:path';
import { onRedis } from '@weir/server/redis/on-redis.model';
import { startRedisServer } from '@weir/server/redis/redis-server.model';
import { expect, test } from 'vitest';
import { post, type Reply } from './support/sender.ts';
import { makeKey, writeTenants } from './support/tenants.ts';
import { startWeir, temporaryFolder, type WeirProcess } from './support/weir-process.ts';

// Senders that share a quota and obey are told whose turn is when, and hardly ever refused.

const seconds = 3;
const perSecond = 20;
const burst = 10;

interface Told {
  accepted: number;
  refused: number;
  readonly waitsMs: number[];
}

const numberIn = ({ headers }: Reply, name: string): number | undefined =>
  headers[name] === undefined ? undefined : Number(headers[name]);

interface SharedQuota extends AsyncDisposable {
  readonly weir: WeirProcess;
  readonly key: string;
  readonly file: string;
}

/** A server on a quota of its own, or on the one in `known`, another's file of tenants. */
async function sharedQuota(
  more: Readonly<Record<string, string>> = {},
  known?: string,
): Promise<SharedQuota> {
  const folder = await temporaryFolder();
  const key = makeKey();
  const file = known ?? join(folder.path, 'tenants.json');
  const terms = { name: 'req', unit: 'requests', tokens: perSecond, period: '1s', burst } as const;
  if (known === undefined) await writeTenants(file, { shared: { keys: [key], quotas: [terms] } });
  const env = { WEIR_TENANTS: file, ...more };
  const weir = await startWeir({ dataDir: join(folder.path, 'data'), env });
  return {
    weir,
    key: key.text,
    file,
    async [Symbol.asyncDispose]() {
      await weir[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Sends one request after the other and waits as it is told. */
async function obey(
  target: { url: string; key: string },
  { name, forSeconds = seconds }: { name?: string; forSeconds?: number } = {},
): Promise<Told> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const headers: Record<string, string> = name === undefined ? {} : { 'weir-client': name };
  const told: Told = { accepted: 0, refused: 0, waitsMs: [] };
  const endMs = performance.now() + 1_000 * forSeconds;
  while (performance.now() < endMs) {
    const reply = await post(target, '{"type":"a"}', { agent, headers });
    if (reply.status === 202) told.accepted += 1;
    else told.refused += 1;
    const nextMs = numberIn(reply, 'weir-next-ms');
    const retryMs = numberIn(reply, 'retry-after-ms');
    if (nextMs !== undefined) told.waitsMs.push(nextMs);
    if (nextMs !== undefined) expect(nextMs).toBeGreaterThanOrEqual(retryMs ?? 0);
    const waitMs = nextMs ?? retryMs ?? 0;
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  agent.destroy();
  return told;
}

test('four named senders who obey share a quota nearly without a refusal, and in equal parts', async () => {
  await using shared = await sharedQuota();
  const target = { url: shared.weir.url, key: shared.key };

  const all = await Promise.all(['a', 'b', 'c', 'd'].map((name) => obey(target, { name })));

  const accepted = all.map((one) => one.accepted);
  const total = accepted.reduce((sum, n) => sum + n, 0);
  const refused = all.reduce((sum, one) => sum + one.refused, 0);
  console.log(`accepted ${accepted.join(' + ')}, refused ${refused}`);
  expect(total).toBeLessThanOrEqual(burst + perSecond * (seconds + 1));
  expect(total).toBeGreaterThan(0.7 * perSecond * seconds); // the rest is the machine's own delay
  expect(refused).toBeLessThanOrEqual(0.05 * total);
  expect(Math.max(...accepted) / Math.min(...accepted)).toBeLessThan(1.35);
  for (const { waitsMs } of all) expect(waitsMs.length).toBeGreaterThan(2);
});

onRedis('turns on a quota that servers share', () => {
  test('four named senders on two servers share it nearly without a refusal', async () => {
    await using redis = await startRedisServer();
    await using first = await sharedQuota({ REDIS_URL: redis.url });
    await using second = await sharedQuota({ REDIS_URL: redis.url }, first.file);
    const urls = [first.weir.url, second.weir.url, first.weir.url, second.weir.url];

    const all = await Promise.all(
      urls.map((url, i) => obey({ url, key: first.key }, { name: `sender-${i}` })),
    );

    const accepted = all.map((one) => one.accepted);
    const total = accepted.reduce((sum, n) => sum + n, 0);
    const refused = all.reduce((sum, one) => sum + one.refused, 0);
    console.log(`accepted ${accepted.join(' + ')}, refused ${refused}`);
    expect(total).toBeLessThanOrEqual(burst + perSecond * (seconds + 1));
    expect(total).toBeGreaterThan(0.6 * perSecond * seconds);
    expect(refused).toBeLessThanOrEqual(0.25 * total); // a busy machine may miss a deadline of Redis
    expect(Math.max(...accepted) / Math.min(...accepted)).toBeLessThan(1.5);
  });
});

test('senders without a name are told no turn', async () => {
  await using shared = await sharedQuota();
  const target = { url: shared.weir.url, key: shared.key };
  const told = await Promise.all([
    obey(target, { forSeconds: 1.5 }),
    obey(target, { forSeconds: 1.5 }),
    obey(target, { forSeconds: 1.5, name: 'not a name' }),
  ]);
  for (const { waitsMs } of told) expect(waitsMs).toEqual([]);
});
