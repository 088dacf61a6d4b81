import { expect, test } from 'vitest';
import { addsUp, ClientWorld, ended, unreachable } from './client-world.model.ts';

test.each(['reject', 'drop-newest', 'drop-oldest', 'block'] as const)(
  'ten times what fits, with overflow %s: memory stays within its bound and all is counted',
  async (overflow) => {
    const at = new ClientWorld(() => unreachable);
    const client = at.client({ maxQueueEvents: 1_000, overflow });
    let told = 0;
    client.on('drop', ({ count }) => {
      told += count;
    });
    for (let i = 0; i < 10_000; i += 1) {
      client.track('n', i);
      expect(client.stats().inMemory).toBeLessThanOrEqual(1_000);
    }
    await at.runTo(1_000);
    addsUp(client);
    const { dropped } = client.stats();
    expect(told).toBe(Object.values(dropped).reduce((sum, count) => sum + count, 0));
    expect(told).toBeGreaterThanOrEqual(9_000);
  },
);

test('block holds send until there is room, reject fails it at once', async () => {
  const at = new ClientWorld();
  const blocking = at.client({ maxQueueEvents: 10, overflow: 'block' });
  const all = Array.from({ length: 100 }, (_, i) => blocking.send('n', i));
  await ended(at, Promise.all(all));
  expect(blocking.stats()).toMatchObject({ acked: 100 });

  const rejecting = at.client({ maxQueueEvents: 1 });
  rejecting.track('n', 1);
  await expect(rejecting.send('n', 2)).rejects.toMatchObject({
    code: 'queue_full',
    retryable: true,
  });
});

test('close ends in its time, counts what is left, and can be called again', async () => {
  const at = new ClientWorld(() => unreachable);
  const client = at.client();
  client.track('n', 1);
  const waiting = client.send('n', 2);
  waiting.catch(() => {});

  const closed = client.close({ timeoutMs: 5_000 });
  expect(client.close()).toBe(closed);
  await ended(at, closed, 10_000);

  await expect(waiting).rejects.toMatchObject({ code: 'closed' });
  expect(() => client.track('n', 3)).toThrow(expect.objectContaining({ code: 'closed' }));
  expect(client.stats()).toMatchObject({ dropped: { closed: 2 }, inMemory: 0 });
  expect(at.held).toBe(0);
});

test('flush says what is left when its time is over', async () => {
  const at = new ClientWorld(() => unreachable);
  const client = at.client();
  client.track('n', 1);
  const flushed = client.flush({ timeoutMs: 1_000 });
  await expect(ended(at, flushed, 2_000)).rejects.toMatchObject({
    code: 'flush_timeout',
    message: expect.stringContaining('1 events'),
  });
});
