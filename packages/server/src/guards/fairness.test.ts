import { isRefusal } from '@weir/core/wire/refusal';
import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { callerOf } from '../limiter/limiter.contract.ts';
import { openMemorySpool } from '../spool/memory.ts';
import { batchOf, testOptions } from '../spool/spool-examples.ts';
import { Fairness } from './fairness.ts';

/** A spool for 100 requests, and tenants that send to it one request after the other. */
async function sharedSpool(maxInFlight = 10) {
  const world = new VirtualWorld({ seed: 1 });
  const spool = await openMemorySpool(testOptions, world);
  const guarded: string[] = [];
  const counts = { guarded: (guard: string) => void guarded.push(guard) };
  const fairness = new Fairness({ spool, world, maxInFlight, counts });
  const caller = (tenant: string, weight = 1) => ({ ...callerOf(tenant, []), weight });
  return {
    spool,
    guarded,
    fairness,
    caller,
    /** Whether it was taken, or else why not. */
    async send(tenant: string, weight = 1): Promise<string> {
      const from = caller(tenant, weight);
      const slot = fairness.reserve(from, 2);
      if (isRefusal(slot)) return `${slot.refused} ${slot.members?.reason ?? ''}`;
      await slot.append(batchOf('{}', { tenant }));
      fairness.leave(from);
      return 'taken';
    },
  };
}

test('a flood gets its share of a spool that nobody empties, and leaves the rest to others', async () => {
  const { send, guarded } = await sharedSpool();
  await send('quiet');
  const flood = [];
  for (let i = 0; i < 80; i += 1) flood.push(await send('flood'));
  expect(flood.filter((answer) => answer === 'taken')).toHaveLength(51);
  expect(flood.at(-1)).toBe('over_capacity share');
  expect(guarded).toHaveLength(29);

  for (let i = 1; i < 48; i += 1) expect(await send('quiet')).toBe('taken');
});

test('a tenant alone may fill it', async () => {
  const { send } = await sharedSpool();
  for (let i = 0; i < 100; i += 1) expect(await send('alone')).toBe('taken');
  expect(await send('alone')).toBe('over_capacity ');
});

test('who weighs three times as much gets three times as much', async () => {
  const { send } = await sharedSpool();
  await send('light');
  for (let i = 0; i < 75; i += 1) expect(await send('heavy', 3)).toBe('taken');
  expect(await send('heavy', 3)).toBe('taken'); // up to its share is not more than its share
  expect(await send('heavy', 3)).toBe('over_capacity share');
  expect(await send('light')).toBe('taken');
});

test('what is delivered counts no longer', async () => {
  const { send, spool } = await sharedSpool();
  await send('quiet');
  for (let i = 0; i < 60; i += 1) await send('flood');
  expect(await send('flood')).toBe('over_capacity share');
  await spool.seal();
  const { signal } = new AbortController();
  const lease = await spool.lease(signal);
  await lease?.done();
  expect(spool.holding('flood')?.requests ?? 0).toBeLessThan(50);
});

test('requests under way are bounded by tenant', async () => {
  const { fairness, caller } = await sharedSpool(2);
  const [a, b] = [caller('a'), caller('b')];
  const first = fairness.reserve(a, 1);
  expect(isRefusal(first)).toBe(false);
  fairness.reserve(a, 1);
  expect(fairness.reserve(a, 1)).toMatchObject({
    refused: 'over_capacity',
    detail: 'a has 2 requests under way, the most that one tenant may have',
    members: { reason: 'in_flight' },
  });
  expect(isRefusal(fairness.reserve(b, 1))).toBe(false);
  fairness.leave(a);
  expect(isRefusal(fairness.reserve(a, 1))).toBe(false);
});

test('a request that the spool refuses is not under way', async () => {
  const { fairness, caller } = await sharedSpool(1);
  const a = caller('a');
  for (let i = 0; i < 3; i += 1) {
    expect(fairness.reserve(a, 1_000_000)).toMatchObject({ refused: 'over_capacity' });
  }
  expect(isRefusal(fairness.reserve(a, 1))).toBe(false);
});
