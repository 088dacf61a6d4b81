import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import type { StoreCheck } from './probe.ts';
import { StoreHealth } from './store-health.ts';

const fine: StoreCheck = { problems: [], keepsFirst: true };
const wrongBucket: StoreCheck = { problems: ['there is no bucket b'], keepsFirst: undefined };

/** A health whose looks find these, one after the other, the last for ever. */
function watch(...found: StoreCheck[]) {
  const world = new VirtualWorld({ seed: 1 });
  const logged: string[] = [];
  const state = {
    looks: 0,
    works: 0,
    aheadMs: undefined as number | undefined,
    stopped: undefined as string | undefined,
  };
  const health = new StoreHealth({
    world,
    probe: {
      check: async () => {
        const check = found[Math.min(state.looks, found.length - 1)] as StoreCheck;
        state.looks += 1;
        return check;
      },
    },
    governor: {
      works: () => {
        state.works += 1;
      },
      status: () => ({ limit: 8, underWay: 0, waiting: 2, stopped: state.stopped }),
    },
    aheadMs: () => state.aheadMs,
    log: {
      info: (message: unknown) => void logged.push(`info ${String(message)}`),
      error: (facts: unknown) => void logged.push((facts as { reason: string }).reason),
    },
  });
  return { world, health, logged, state };
}

test('looks until all is well, tells each trouble once, and then lets delivery begin', async () => {
  const { world, health, logged, state } = watch(wrongBucket, wrongBucket, wrongBucket, fine);
  await world.settleAll(0);
  expect(health.reasons()).toEqual(['delivery: there is no bucket b']);
  await world.settleAll(60_000);
  expect(health.reasons()).toEqual([]);
  expect(logged).toEqual(['there is no bucket b', 'info the store can be used']);
  expect(state).toMatchObject({ looks: 4, works: 1 });
  await health.stop();
});

test('never looks more than twice a second, nor less than every eleven', async () => {
  const { world, health, state } = watch(wrongBucket);
  await world.settleAll(600_000);
  expect(state.looks).toBeGreaterThan(600 / 11);
  expect(state.looks).toBeLessThan(200);
  await health.stop();
});

test('a store that ignores If-None-Match works, and is told of for as long as it does', async () => {
  const { world, health, logged, state } = watch({ problems: [], keepsFirst: false });
  await world.settleAll(600_000);
  expect(health.reasons()).toEqual([
    expect.stringContaining('exactly once cannot be promised on this store'),
  ]);
  expect(logged[0]).toContain('exactly once cannot be promised on this store');
  expect(state).toMatchObject({ looks: 1, works: 1 });
  await health.stop();
});

test('what may not be read or listed holds up no delivery, and is looked at again', async () => {
  const { world, health, state } = watch({ problems: ['no list'], keepsFirst: true }, fine);
  await world.settleAll(0);
  expect(state.works).toBe(1);
  expect(health.reasons()).toEqual(['delivery: no list']);
  await world.settleAll(20_000);
  expect(health.reasons()).toEqual([]);
  await health.stop();
});

test('tells why nothing is written, how much waits, and whose clock is wrong', async () => {
  const { world, health, state } = watch(fine);
  await world.settleAll();
  state.stopped = 'nothing listens';
  state.aheadMs = -90_000;
  expect(health.reasons()).toEqual([
    'delivery: nothing listens',
    'delivery waits for the store: 2 writes',
    "this machine's clock is 90 s behind the store's, and names of objects follow it: set the clock (NTP)",
  ]);
  state.stopped = undefined;
  state.aheadMs = 59_000;
  expect(health.reasons()).toEqual([]);
  await health.stop();
});
