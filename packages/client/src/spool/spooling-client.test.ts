import { MemoryDisk } from '@weir/segment-log/memory-disk';
import { MemoryFiles } from '@weir/segment-log/memory-files';
import { expect, test } from 'vitest';
import type { Client } from '../client.ts';
import {
  addsUp,
  ClientWorld,
  ended,
  first,
  refusal,
  takesAll,
  unreachable,
} from '../client-world.model.ts';
import type { ClientOptions } from '../options.ts';

const spool = { dir: '/spool' };

class Disk {
  readonly disk = new MemoryDisk();
  isFull = false;

  open(at: ClientWorld, options: ClientOptions = {}): Client {
    at.files = new MemoryFiles({
      disk: this.disk,
      defer: (task) => at.world.after(1, task),
      fault: (operation) => (this.isFull && operation === 'write' ? { code: 'ENOSPC' } : undefined),
    });
    return at.process().client({ spool, ...options });
  }
}

test('with the server away, flush and close leave everything on disk, and the next client sends it', async () => {
  const disk = new Disk();
  const at = new ClientWorld(() => unreachable);
  const client = disk.open(at);
  const safe = Array.from({ length: 50 }, (_, n) => client.send('n', n, { ack: 'spooled' }));
  await ended(at, Promise.all(safe), 1_000);
  expect(client.stats()).toMatchObject({ durable: 50, acked: 0 });

  const flushed = await ended(at, client.flush({ timeoutMs: 2_000 }), 5_000);
  expect(flushed).toEqual({ acked: 0, rejected: 0, dropped: 0, spooled: 50 });
  await ended(at, client.close({ timeoutMs: 1_000 }), 10_000);
  expect(client.stats()).toMatchObject({ spooled: 50, inMemory: 0, dropped: {} });
  addsUp(client);

  at.script = takesAll();
  const next = disk.open(at);
  await at.runTo(at.world.now() + 60_000);
  expect(next.stats()).toMatchObject({ recovered: 50, acked: 50, spooled: 0, inMemory: 0 });
  addsUp(next);
  await ended(at, next.close(), at.world.now() + 1_000);
});

test('far more than memory holds goes to disk, comes back in order, and is all sent', async () => {
  const disk = new Disk();
  let isUp = false;
  const all = takesAll();
  const at = new ClientWorld((request, world) => (isUp ? all(request, world) : unreachable));
  const client = disk.open(at, { maxQueueEvents: 100, maxBatchEvents: 40, maxConcurrency: 1 });
  await at.runTo(100);
  for (let n = 0; n < 3_000; n += 1) client.track('n', n, { orderingKey: 'one' });
  await at.runTo(1_000);
  expect(client.stats().inMemory).toBeLessThanOrEqual(100);
  expect(client.stats().spooled).toBeGreaterThan(2_800);
  addsUp(client);

  isUp = true;
  const flushed = await ended(at, client.flush({ timeoutMs: 600_000 }), 700_000);
  expect(flushed).toMatchObject({ acked: 3_000, spooled: 0 });
  const taken = at.seen.filter(({ atMs }) => atMs > 1_000).flatMap(({ events }) => events);
  const numbers = [...new Set(taken.map(({ data }) => data as number))];
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  addsUp(client);
});

test('a disk that cannot be written to fails who wanted it safe; the events are sent all the same', async () => {
  const disk = new Disk();
  const at = new ClientWorld();
  const client = disk.open(at);
  const errors: string[] = [];
  client.on('error', ({ error }) => errors.push(error.code));
  await at.runTo(100);
  disk.isFull = true;
  const wanted = client.send('n', 1, { ack: 'spooled' });
  wanted.catch(() => {});
  client.track('n', 2);
  await at.runTo(30_000);
  await expect(wanted).rejects.toMatchObject({ code: 'spool' });
  expect(errors).toContain('spool');
  expect(client.stats()).toMatchObject({ acked: 2, inMemory: 0 });

  disk.isFull = false;
  await at.runTo(40_000);
  await ended(at, client.send('n', 3, { ack: 'spooled' }), 45_000);
  addsUp(client);
});

test('what the server refuses for good is set aside, and does not block what is behind it', async () => {
  const disk = new Disk();
  const at = new ClientWorld(first([refusal(400, 'malformed')]));
  const client = disk.open(at, { maxBatchEvents: 1 });
  client.track('bad', 1);
  client.track('good', 2);
  await at.runTo(10_000);
  expect(client.stats()).toMatchObject({ acked: 1, rejected: 1, inMemory: 0, spooled: 0 });
  addsUp(client);
});

test('a second client of a folder waits for the first to let go', async () => {
  const disk = new Disk();
  const at = new ClientWorld();
  const one = disk.open(at);
  await at.runTo(100);
  const two = disk.open(at);
  const errors: string[] = [];
  two.on('error', ({ error }) => errors.push(error.message));
  const waiting = two.send('n', 1);
  await at.runTo(5_000);
  expect(errors).toEqual([expect.stringContaining('in use by another process')]);
  expect(two.stats()).toMatchObject({ inMemory: 1, acked: 0 });
  await ended(at, one.close(), 6_000);
  await ended(at, waiting, 20_000);
  addsUp(two);
});
