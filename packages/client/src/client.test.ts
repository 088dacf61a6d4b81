import { expect, test } from 'vitest';
import { ClientWorld, ended, first, refusal, takesAll } from './client-world.model.ts';
import { isWeirError } from './weir-error.ts';

test('a lone event leaves when its linger is over, and its receipt comes back', async () => {
  const at = new ClientWorld();
  const client = at.client();

  const receipt = await ended(at, client.send('order.paid', { cents: 1900 }));

  expect(receipt).toMatchObject({ id: 'aaaaaaaaaaaaaaaa-1-1', index: 0 });
  expect(at.seen).toHaveLength(1);
  expect(at.seen[0]?.atMs).toBeLessThanOrEqual(70);
  expect(at.seen[0]?.events).toEqual([
    {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      type: 'order.paid',
      time: '2026-01-01T00:00:00.000Z',
      data: { cents: 1900 },
    },
  ]);
});

test('events that come together share a request, up to its bounds', async () => {
  const at = new ClientWorld();
  const client = at.client({ maxBatchEvents: 10 });

  for (let i = 0; i < 25; i += 1) client.track('n', i);
  await ended(at, client.flush());

  expect(at.seen.map(({ events }) => events.length)).toEqual([10, 10, 5]);
  expect(at.seen.flatMap(({ events }) => events.map(({ data }) => data))).toEqual(
    Array.from({ length: 25 }, (_, i) => i),
  );
});

test('bytes are counted in UTF-8, not in characters', async () => {
  const at = new ClientWorld();
  const client = at.client({ maxBatchBytes: 1_024 });

  for (let i = 0; i < 10; i += 1) client.track('n', '€'.repeat(100)); // 300 bytes each
  await ended(at, client.flush());

  for (const { events } of at.seen) expect(events.length).toBeLessThanOrEqual(2);
});

test('events with the same ordering key are never in flight together', async () => {
  let turn = 0;
  const all = takesAll();
  const at = new ClientWorld((request, world) => {
    turn += 1;
    return turn % 3 === 0 ? refusal(500, 'internal') : all(request, world);
  });
  const client = at.client({ maxBatchEvents: 2, lingerMs: 0 });
  for (let i = 0; i < 30; i += 1) {
    client.track('n', i, { orderingKey: `k${i % 2}` });
    await at.runTo(at.world.now() + 7);
  }
  await ended(at, client.flush({ timeoutMs: 600_000 }));

  const taken = new Map<string, number>();
  for (const [i, { key }] of at.seen.entries()) taken.set(key, i); // the last try is the one that was taken
  const order = [...taken.values()].sort((a, b) => a - b).flatMap((i) => at.seen[i]?.events ?? []);
  for (const parity of [0, 1]) {
    const mine = order.map(({ data }) => data as number).filter((n) => n % 2 === parity);
    expect(mine).toEqual([...mine].sort((a, b) => a - b));
  }
});

test('two clients of one key share its pace', async () => {
  const limited = refusal(429, 'rate_limited', { headers: { 'retry-after-ms': '5000' } });
  const at = new ClientWorld(first([limited]));
  const one = at.client();
  const other = at.client();

  one.track('a', 1);
  await at.runTo(500);
  other.track('b', 2);
  await at.runTo(4_900);

  expect(at.seen).toHaveLength(1);
  expect(other.throttle?.waitingFor).toBe('retry_after');
});

test('an idle client holds nothing, and a busy one does', async () => {
  const at = new ClientWorld();
  const client = at.client();
  expect(at.held).toBe(0);
  client.track('n', 1);
  expect(at.held).toBe(1);
  await at.runTo(1_000);
  expect(at.held).toBe(0);
});

test('an aborted call ends, in the queue and in flight', async () => {
  const at = new ClientWorld();
  const client = at.client();
  const queued = new AbortController();
  const inFlight = new AbortController();
  const first = client.send('a', 1, { signal: queued.signal });
  queued.abort();
  await expect(first).rejects.toMatchObject({ code: 'cancelled' });
  const second = client.send('b', 2, { signal: inFlight.signal });
  second.catch(() => {});
  await at.runTo(55);
  inFlight.abort();
  await expect(second).rejects.toMatchObject({ code: 'cancelled' });
  await at.runTo(1_000);
  expect(client.stats()).toMatchObject({ queued: 2, acked: 1, dropped: { cancelled: 1 } });
});

test('what can never be sent throws at the call, with the field', () => {
  const client = new ClientWorld().client({ maxEventBytes: 200 });
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const wrong = (call: () => void): unknown => {
    try {
      call();
    } catch (error) {
      return isWeirError(error) ? { code: error.code, field: error.field } : error;
    }
    return undefined;
  };
  expect(wrong(() => client.track('a', circular))).toEqual({
    code: 'invalid_event',
    field: 'data',
  });
  expect(wrong(() => client.track('a', 1n))).toEqual({ code: 'invalid_event', field: 'data' });
  expect(wrong(() => client.track('a', () => 1))).toEqual({ code: 'invalid_event', field: 'data' });
  expect(wrong(() => client.track('', 1))).toEqual({ code: 'invalid_event', field: 'type' });
  expect(wrong(() => client.track('a', 1, { attributes: { weirx: 1 } }))).toEqual({
    code: 'invalid_event',
    field: 'weirx',
  });
  expect(wrong(() => client.track('a', 'x'.repeat(200)))).toEqual({
    code: 'event_too_large',
    field: 'data',
  });
  expect(client.stats().queued).toBe(0);
});

test.each([
  [{ maxBatchEvents: 0 }, 'maxBatchEvents'],
  [{ lingerMs: Number.NaN }, 'lingerMs'],
  [{ baseUrl: 'ftp://x' }, 'baseUrl'],
  [{ apiKey: 'with space' }, 'apiKey'],
  [{ overflow: 'spool' as const }, 'overflow'],
  [{ flushAt: 20 } as object, 'flushAt'],
])('a wrong option throws at once and is named: %j', (options, field) => {
  expect(() => new ClientWorld().client(options)).toThrow(
    expect.objectContaining({ code: 'invalid_option', field }),
  );
});

test('redact changes events or drops them, and a disabled client does nothing', async () => {
  const at = new ClientWorld();
  const client = at.client({
    redact: ({ type, data }) =>
      type === 'secret' ? undefined : { type, data: { data, seen: true } },
  });
  client.track('secret', 1);
  client.track('plain', 2);
  await ended(at, client.flush());
  expect(at.seen[0]?.events).toMatchObject([{ type: 'plain', data: { data: 2, seen: true } }]);
  expect(client.stats()).toMatchObject({ queued: 2, acked: 1, dropped: { redacted: 1 } });

  const off = at.client({ enabled: false });
  off.track('n', 1);
  await off.send('n', 2);
  expect(off.stats().queued).toBe(0);
});

test('a host that freezes is given a promise that ends with the last answer', async () => {
  const at = new ClientWorld();
  const promises: Promise<unknown>[] = [];
  const client = at.client({ waitUntil: (promise) => promises.push(promise) });
  client.track('n', 1);
  client.track('n', 2);
  expect(promises).toHaveLength(1);
  let isOver = false;
  void promises[0]?.then(() => {
    isOver = true;
  });
  await at.runTo(55);
  expect(isOver).toBe(false);
  await at.runTo(1_000);
  expect(isOver).toBe(true);
  expect(client.stats().acked).toBe(2);
});
