import { expect, test } from 'vitest';
import {
  addsUp,
  ClientWorld,
  cutOff,
  ended,
  first,
  refusal,
  takesAll,
  unreachable,
} from './client-world.model.ts';

test('a batch is sent again unchanged until its outcome is known', async () => {
  const at = new ClientWorld(first([cutOff, unreachable, refusal(500, 'internal')]));
  const client = at.client();

  await ended(at, client.send('order.paid', { cents: 1 }));

  expect(at.seen).toHaveLength(4);
  expect(new Set(at.seen.map(({ key }) => key)).size).toBe(1);
  expect(new Set(at.seen.map(({ events }) => JSON.stringify(events))).size).toBe(1);
  expect(client.stats()).toMatchObject({ acked: 1, requests: 4, retries: 3, inMemory: 0 });
});

test('a 429 makes everything wait, and counts as no try', async () => {
  const limited = refusal(429, 'rate_limited', { headers: { 'retry-after-ms': '5000' } });
  const at = new ClientWorld(first([limited]));
  const client = at.client({ maxAttempts: 1 });

  const sent = client.send('a', 1);
  await at.runTo(1_000);
  const later = client.send('b', 2);
  await ended(at, Promise.all([sent, later]));

  expect(at.seen[0]?.atMs).toBeLessThan(100);
  for (const { atMs } of at.seen.slice(1)) expect(atMs).toBeGreaterThanOrEqual(5_000);
  expect(client.stats()).toMatchObject({ acked: 2, rateLimited: 1 });
});

test('a 503 sets the clock of its server, with jitter on top only', async () => {
  const busy = refusal(503, 'over_capacity', { headers: { 'retry-after': '30' } });
  const at = new ClientWorld(first([busy]));
  const client = at.client();

  await ended(at, client.send('a', 1));

  expect(at.seen[1]?.atMs).toBeGreaterThanOrEqual(30_000);
  expect(at.seen[1]?.atMs).toBeLessThan(36_000);
});

test('too large a batch is split, each half under a key of its own, and one bad event fails alone', async () => {
  const all = takesAll();
  const at = new ClientWorld((request, world) => {
    const bad = new TextDecoder().decode(request.body).includes('"bad"');
    return bad ? refusal(413, 'too_large') : all(request, world);
  });
  const client = at.client();

  const events = Array.from({ length: 500 }, (_, i) => ({
    type: 'n',
    data: i === 123 ? 'bad' : i,
  }));
  const result = await ended(at, client.sendMany(events));

  expect(result).toMatchObject({ accepted: 499, failed: 1 });
  expect(result.failures).toMatchObject([{ index: 123, error: { code: 'too_large' } }]);
  const [whole] = at.seen;
  for (const { key } of at.seen.slice(1))
    expect(key).toMatch(new RegExp(`^${whole?.key}(\\.[01])+$`));
  addsUp(client);
});

test('an encoding the server does not know is left out, from then on', async () => {
  const all = takesAll();
  const at = new ClientWorld((request, world) =>
    request.headers['content-encoding'] === undefined
      ? all(request, world)
      : refusal(415, 'unsupported_encoding'),
  );
  at.encoding = 'zstd';
  const client = at.client();
  const text = 'x'.repeat(2_000);
  await ended(at, client.send('a', text), 1_000);
  await ended(at, client.send('b', text), 2_000);
  expect(at.seen.map(({ headers }) => headers['content-encoding'])).toEqual([
    'zstd',
    undefined,
    undefined,
  ]);
});

test('a 200 that no weir sent says nothing: the batch is sent again', async () => {
  const at = new ClientWorld(first([{ status: 200, body: { hello: 'from a proxy' } }]));
  const client = at.client();
  await ended(at, client.send('a', 1));
  expect(client.stats()).toMatchObject({ acked: 1, requests: 2 });
});

test('a redirect is refused: it would carry the key away', async () => {
  const at = new ClientWorld(first([{ status: 308, headers: { location: 'http://elsewhere' } }]));
  await expect(ended(at, at.client().send('a', 1))).rejects.toMatchObject({
    code: 'unexpected_reply',
    status: 308,
  });
  expect(at.seen).toHaveLength(1);
});

test('events the server rejects fail alone, with its reason', async () => {
  const body = {
    receipt: 'aaaaaaaaaaaaaaaa-1-1',
    accepted: 1,
    rejected: [{ index: 1, code: 'too_deep', detail: 'events[1]: nested deeper than 100 levels' }],
  };
  const at = new ClientWorld(() => ({ status: 202, body }));
  const client = at.client();

  const settled = await ended(at, Promise.allSettled([client.send('a', 1), client.send('b', 2)]));

  expect(settled).toMatchObject([
    { status: 'fulfilled', value: { index: 0 } },
    { status: 'rejected', reason: { code: 'too_deep', retryable: false } },
  ]);
  expect(client.stats()).toMatchObject({ acked: 1, rejected: 1 });
});

test('a refused key fails who waits, keeps what nobody waits for, and asks once a minute', async () => {
  let isKnown = false;
  const all = takesAll();
  const at = new ClientWorld((request, world) =>
    isKnown ? all(request, world) : refusal(401, 'unauthorized'),
  );
  const client = at.client();
  client.track('kept', 1);
  const waiting = client.send('asked', 2);
  waiting.catch(() => {});

  await at.runTo(59_000);
  await expect(waiting).rejects.toMatchObject({ code: 'unauthorized', status: 401 });
  await expect(client.send('again', 3)).rejects.toMatchObject({ code: 'unauthorized' });
  const many = client.sendMany([{ type: 'many', data: 4 }]);
  await expect(many).rejects.toMatchObject({
    code: 'unauthorized',
    retryAfterMs: expect.any(Number),
  });
  expect(at.seen).toHaveLength(1);

  await at.runTo(130_000);
  expect(at.seen.length).toBeLessThanOrEqual(3);
  isKnown = true;
  await at.runTo(250_000);
  expect(client.stats()).toMatchObject({ acked: 1, inMemory: 0 });
  addsUp(client);
});

test('after a total outage of ten minutes nothing is lost, nothing stormed, and the books add up', async () => {
  const all = takesAll();
  const from = 60_000;
  const to = from + 600_000;
  const at = new ClientWorld((request, world) =>
    world.now() > from && world.now() < to ? unreachable : all(request, world),
  );
  const client = at.client({ maxQueueEvents: 5_000 });
  const stop = new AbortController();
  const tick = (): void => {
    client.track('n', 1);
    addsUp(client);
    if (!stop.signal.aborted) at.world.after(100, tick);
  };
  tick();
  await at.runTo(from);
  const before = at.seen.length;
  await at.runTo(from + 10_000);
  const normal = before / 6; // in ten seconds
  expect(at.seen.length - before).toBeLessThanOrEqual(1.1 * normal);
  const early = at.seen.length;
  await at.runTo(to);
  expect(at.seen.length - early).toBeLessThanOrEqual(590);
  expect(client.stats().inMemory).toBeLessThanOrEqual(5_000);
  const outage = at.seen.length;
  await at.runTo(to + 40_000);
  expect(at.seen.length - outage).toBeLessThanOrEqual(450);
  stop.abort();
  await ended(at, client.flush(), to + 100_000);
  const { acked, dropped, queued } = client.stats();
  expect(acked + (dropped.queue_full ?? 0)).toBe(queued);
  addsUp(client);
});

test('with two servers the other takes over within a second, and the first is used again later', async () => {
  const all = takesAll();
  let isDown = false;
  const at = new ClientWorld((request, world) =>
    isDown && request.origin === 'http://a' ? unreachable : all(request, world),
  );
  const client = at.client({ baseUrl: ['http://a', 'http://b'] });
  const moves: string[] = [];
  client.on('failover', ({ to }) => moves.push(to));

  await ended(at, client.send('n', 1), 1_000);
  isDown = true;
  await ended(at, client.send('n', 2), 2_000);
  expect(at.seen.at(-1)?.origin).toBe('http://b');
  expect(new Set(at.seen.slice(1).map(({ key }) => key)).size).toBe(1);
  isDown = false;
  await at.runTo(20_000);
  await ended(at, client.send('n', 3), 30_000);
  expect(at.seen.at(-1)?.origin).toBe('http://a');
  expect(moves).toEqual(['http://b', 'http://a']);
});

test('a 429 never leads to another server', async () => {
  const limited = refusal(429, 'rate_limited', { headers: { 'retry-after-ms': '500' } });
  const at = new ClientWorld(first([limited, limited, limited, limited]));
  const client = at.client({ baseUrl: ['http://a', 'http://b'] });
  await ended(at, client.send('n', 1));
  expect(new Set(at.seen.map(({ origin }) => origin))).toEqual(new Set(['http://a']));
});

test('a delivery has its own deadline, and an absurd Retry-After fails at once', async () => {
  const at = new ClientWorld(() => unreachable);
  const client = at.client({ deliveryTimeoutMs: 20_000 });
  await expect(ended(at, client.send('n', 1), 40_000)).rejects.toMatchObject({ code: 'expired' });

  const absurd = refusal(429, 'rate_limited', { headers: { 'retry-after': '86400' } });
  const other = new ClientWorld(() => absurd);
  await expect(ended(other, other.client().send('n', 1))).rejects.toMatchObject({
    code: 'rate_limited',
    retryAfterMs: 86_400_000,
  });
});

test('a repeat after the window of the server is counted as maybe a duplicate', async () => {
  const all = takesAll();
  let tries = 0;
  const at = new ClientWorld((request, world) => {
    tries += 1;
    if (tries === 1) return cutOff;
    return world.now() < 700_000 ? unreachable : all(request, world);
  });
  const client = at.client();
  await ended(at, client.send('n', 1));
  expect(client.stats()).toMatchObject({ acked: 1, maybeDuplicate: 1 });
});

test('a key from a function is asked for again when it was refused', async () => {
  const [old, fresh] = ['o', 'n'].map((id) => `weir_${id.repeat(12)}_${'S'.repeat(43)}`);
  const keys = [old, fresh];
  const all = takesAll();
  const at = new ClientWorld((request, world) =>
    request.headers.authorization === `Bearer ${fresh}`
      ? all(request, world)
      : refusal(401, 'unauthorized'),
  );
  const client = at.client({ apiKey: async () => keys.shift() ?? 'none' });
  client.track('n', 1);
  await at.runTo(120_000);
  expect(client.stats().acked).toBe(1);
});
