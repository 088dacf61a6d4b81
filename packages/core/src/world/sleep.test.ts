import { expect, test } from 'vitest';
import { sleep } from './sleep.ts';
import { VirtualWorld } from './virtual.ts';

const anHour = 3_600_000;

test('ends when its time has come', async () => {
  const world = new VirtualWorld({ seed: 1 });
  const { signal } = new AbortController();
  const slept = sleep(world, anHour, signal).then(() => world.now());

  await world.settleAll();

  expect(await slept).toBe(anHour);
});

test('an abort ends it at once, with the reason, and leaves no timer behind', async () => {
  const world = new VirtualWorld({ seed: 1 });
  const controller = new AbortController();
  const slept = sleep(world, anHour, controller.signal);
  const reason = new Error('stopping');

  controller.abort(reason);

  await expect(slept).rejects.toBe(reason);
  expect(world.step()).toBe(false);
});

test('does not begin on a signal that was aborted before', async () => {
  const world = new VirtualWorld({ seed: 1 });

  await expect(sleep(world, anHour, AbortSignal.abort('done'))).rejects.toBe('done');
  expect(world.step()).toBe(false);
});

test('leaves no listener on a signal that lives on', async () => {
  const world = new VirtualWorld({ seed: 1 });
  const controller = new AbortController();
  const listeners = new Set<unknown>();
  const signal = {
    aborted: false,
    reason: undefined,
    addEventListener: (_: 'abort', listener: () => void) => listeners.add(listener),
    removeEventListener: (_: 'abort', listener: () => void) => listeners.delete(listener),
  };
  const slept = sleep(world, 5, signal);
  expect(listeners.size).toBe(1);

  await world.settleAll();
  await slept;

  expect(listeners.size).toBe(0);
  controller.abort();
});
