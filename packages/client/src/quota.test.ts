import { expect, test } from 'vitest';
import type { Client } from './client.ts';
import { ClientWorld, ended, type Script } from './client-world.model.ts';
import { type FakeOptions, FakeWeir } from './testing/fake-weir.ts';

// The throttle that ships, in the client that ships, before the law that ships; in virtual time.

const quotas = [{ tokens: 10, periodMs: 1_000, burst: 10 }];

function answeredBy(weir: FakeWeir): Script {
  return ({ method, path, headers, body }) => {
    const text = new TextDecoder().decode(body);
    const reply = weir.answer({ method, path, headers, body: text });
    return { status: reply.status, headers: reply.headers, body: JSON.parse(reply.body) };
  };
}

function start(options: FakeOptions): { at: ClientWorld; weir: FakeWeir; client: Client } {
  const at = new ClientWorld();
  const weir = new FakeWeir({ quotas, ...options }, at.world);
  at.script = answeredBy(weir);
  return { at, weir, client: at.client({ maxBatchEvents: 10 }) };
}

test.each([
  { headers: 'all', most: 301, refused: 1, seconds: 31 },
  { headers: 'retry-after', most: 345, refused: 45, seconds: 34 },
  { headers: 'status', most: 345, refused: 45, seconds: 34 },
] as const)('300 batches on 10 a second, where the server tells $headers', async (goal) => {
  const { at, weir, client } = start({ headers: goal.headers });
  for (let n = 0; n < 3_000; n += 1) client.track('n', n);
  const flushed = client.flush({ timeoutMs: 600_000 }).then(() => at.world.now());
  const endedMs = await ended(at, flushed, 600_000);

  const { requests, rateLimited } = client.stats();
  expect(weir.events).toHaveLength(3_000);
  expect(requests).toBeLessThanOrEqual(goal.most);
  expect(rateLimited).toBeLessThanOrEqual(goal.refused);
  expect(endedMs).toBeLessThanOrEqual(goal.seconds * 1_000);
});

test('where the quota counts events, batches are paced by their events', async () => {
  const { at, weir, client } = start({
    quotas: [{ name: 'events', unit: 'events', tokens: 100, periodMs: 1_000, burst: 100 }],
  });
  for (let n = 0; n < 3_000; n += 1) client.track('n', n);
  await ended(at, client.flush({ timeoutMs: 600_000 }), 600_000);
  expect(weir.events).toHaveLength(3_000);
  expect(client.stats().rateLimited).toBeLessThanOrEqual(3);
});

test('ten minutes at the pace of the quota, without a single 429', async () => {
  const { at, client } = start({});
  let left = 6_000;
  const feed = (): void => {
    client.track('n', left);
    left -= 1;
    if (left > 0) at.world.after(95, feed);
  };
  feed();
  await at.runTo(620_000);
  expect(client.stats().rateLimited).toBe(0);
  expect(client.stats().inMemory).toBe(0);
});

test('a quota cut to an eighth under way: settles, and few are refused in the five minutes after', async () => {
  const at = new ClientWorld();
  const weir = new FakeWeir({ quotas: [{ tokens: 80, periodMs: 1_000, burst: 20 }] }, at.world);
  at.script = answeredBy(weir);
  const client = at.client({ maxBatchEvents: 1, maxQueueEvents: 1_000_000 });
  for (let n = 0; n < 20_000; n += 1) client.track('n', n);
  await at.runTo(30_000);
  weir.setQuotas([{ tokens: 10, periodMs: 1_000, burst: 20 }]);
  const before = client.stats();
  await at.runTo(330_000);
  const after = client.stats();
  const refused = after.rateLimited - before.rateLimited;
  const requests = after.requests - before.requests;
  expect(refused / requests).toBeLessThanOrEqual(0.06);
  weir.setQuotas([{ tokens: 40, periodMs: 1_000, burst: 20 }]);
  const { requests: settling } = client.stats();
  await at.runTo(335_000);
  const raised = client.stats().requests;
  await at.runTo(345_000);
  expect(raised - settling).toBeGreaterThan(0);
  expect(client.stats().requests - raised).toBeGreaterThanOrEqual(0.9 * 400);
});

/** Four processes with 375 batches each on one key of 50 a second, until all is sent. */
async function fourProcesses(at: ClientWorld): Promise<{ refused: number; used: number }> {
  const weir = new FakeWeir({ quotas: [{ tokens: 50, periodMs: 1_000, burst: 10 }] }, at.world);
  at.script = answeredBy(weir);
  const clients = Array.from({ length: 4 }, () => at.process().client({ maxBatchEvents: 10 }));
  for (const client of clients) for (let n = 0; n < 3_750; n += 1) client.track('n', n);
  const dry = clients.map((client) =>
    client.flush({ timeoutMs: 600_000 }).then(() => {
      const taken = clients.reduce((sum, one) => sum + one.stats().acked, 0);
      return { atMs: at.world.now(), taken: taken / 10 };
    }),
  );
  await at.runTo(600_000);

  const { atMs, taken } = await Promise.race(dry);
  const requests = clients.reduce((sum, client) => sum + client.stats().requests, 0);
  const refused = clients.reduce((sum, client) => sum + client.stats().rateLimited, 0);
  expect(weir.events).toHaveLength(15_000);
  return { refused: refused / requests, used: taken / (10 + (50 * atMs) / 1_000) };
}

test('four processes on one key take turns: hardly a 429, and the whole of the quota', async () => {
  const { refused, used } = await fourProcesses(new ClientWorld());
  expect(refused).toBeLessThanOrEqual(0.01);
  expect(used).toBeGreaterThanOrEqual(0.99);
});

test('the same where no round trip takes as long as the last', async () => {
  const at = new ClientWorld();
  at.roundTripMs = () => 5 + 45 * at.world.random();
  const { refused, used } = await fourProcesses(at);
  expect(refused).toBeLessThanOrEqual(0.01);
  expect(used).toBeGreaterThanOrEqual(0.99);
});

test('the same where the first round trips are long, since all start at once', async () => {
  const at = new ClientWorld();
  at.roundTripMs = () => (at.world.now() < 2_500 ? 100 : 5) * (1 + 2 * at.world.random());
  const { refused } = await fourProcesses(at);
  expect(refused).toBeLessThanOrEqual(0.01);
});

test('where the machine is held up again and again, what has gathered is spent once, not by each', async () => {
  const at = new ClientWorld();
  at.roundTripMs = () => 2 + 6 * at.world.random();
  // For 150 ms of each 700: the quota earns less than its burst meanwhile, so none of it is lost.
  at.wakesAtMs = (dueMs) => Math.max(dueMs, Math.floor(dueMs / 700) * 700 + 150);
  const { refused, used } = await fourProcesses(at);
  expect(refused).toBeLessThanOrEqual(0.01);
  expect(used).toBeGreaterThanOrEqual(0.985);
});
