import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { StoreError } from '../store/store.ts';
import { Backoff } from './backoff.ts';

const options = { firstMs: 100, longestMs: 30_000 };

const trouble = new StoreError('trouble', 'as the test wants it');

async function waited(backoff: Backoff, world: VirtualWorld, error = trouble): Promise<number> {
  const before = world.now();
  const wait = backoff.wait(error, new AbortController().signal);
  await world.settleAll();
  await wait;
  return world.now() - before;
}

test('waits at random, up to twice as long each time, and never beyond the longest', async () => {
  const world = new VirtualWorld({ seed: 1 });
  const most: number[] = Array.from({ length: 12 }, () => 0);
  for (let round = 0; round < 200; round += 1) {
    const backoff = new Backoff(world, options);
    for (let i = 0; i < most.length; i += 1) {
      most[i] = Math.max(most[i] as number, await waited(backoff, world));
    }
  }
  for (const [i, longest] of most.entries()) {
    const bound = Math.min(30_000, 100 * 2 ** i);
    expect(longest).toBeLessThanOrEqual(bound);
    expect(longest).toBeGreaterThan(0.9 * bound);
  }
});

test('begins anew after a success', async () => {
  const world = new VirtualWorld({ seed: 1 });
  const backoff = new Backoff(world, options);
  for (let i = 0; i < 20; i += 1) await waited(backoff, world);
  backoff.reset();
  expect(await waited(backoff, world)).toBeLessThanOrEqual(100);
});

test('waits no longer than a second where the store works and only asks for less', async () => {
  const world = new VirtualWorld({ seed: 1 });
  const backoff = new Backoff(world, options);
  const asked = new StoreError('trouble', 'slow down', { pressure: 'congested' });
  const waits: number[] = [];
  for (let i = 0; i < 200; i += 1) waits.push(await waited(backoff, world, asked));
  expect(Math.max(...waits)).toBeLessThanOrEqual(1_000);
  expect(Math.max(...waits)).toBeGreaterThan(900);
});

test('ends at once when told to stop', async () => {
  const world = new VirtualWorld({ seed: 1 });
  const stop = new AbortController();
  const wait = new Backoff(world, options).wait(trouble, stop.signal);
  stop.abort();
  await wait;
  await new Backoff(world, options).wait(trouble, stop.signal);
  expect(world.now()).toBe(0);
});

test('what is tried side by side waits by its own failures, and tells how many there were', async () => {
  const world = new VirtualWorld({ seed: 1 });
  const backoff = new Backoff(world, options);
  const [one, other] = [backoff.branch(), backoff.branch()];
  for (let i = 0; i < 20; i += 1) await waited(one, world);
  expect(await waited(other, world)).toBeLessThanOrEqual(100);
  expect(await longestOf(() => backoff.branch(), world)).toBeGreaterThan(20_000);
  other.reset();
  expect(await waited(backoff, world)).toBeLessThanOrEqual(100);
});

async function longestOf(make: () => Backoff, world: VirtualWorld): Promise<number> {
  let longest = 0;
  for (let i = 0; i < 20; i += 1) longest = Math.max(longest, await waited(make(), world));
  return longest;
}
