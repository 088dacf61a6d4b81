import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { type Settlement, Unsettled } from './unsettled.ts';

function silentRedis() {
  const world = new VirtualWorld({ seed: 1 });
  const said: string[] = [];
  const state = { answers: false, tries: 0 };
  const unsettled = new Unsettled(world, async ({ name }: Settlement) => {
    state.tries += 1;
    if (!state.answers) throw new Error('away');
    said.push(name);
  });
  return { world, said, state, unsettled };
}

test('is said again until it is heard, each once and in order', async () => {
  const { world, said, state, unsettled } = silentRedis();
  for (let i = 0; i < 100; i += 1) unsettled.add({ name: `k${i}`, args: [] }, 60_000);
  await world.settleAll(2_000);
  expect(said).toEqual([]);
  expect(state.tries).toBeLessThan(1_000);
  state.answers = true;
  await world.settleAll(3_000);
  expect(said).toEqual(Array.from({ length: 100 }, (_, i) => `k${i}`));
  expect(unsettled.size).toBe(0);
});

test('is given up after the window, and the oldest where there are too many', async () => {
  const { world, said, state, unsettled } = silentRedis();
  unsettled.add({ name: 'old', args: [] }, 1_000);
  await world.settleAll(2_000);
  for (let i = 0; i < 10_001; i += 1) unsettled.add({ name: `k${i}`, args: [] }, 60_000);
  expect(unsettled.size).toBe(10_000);
  state.answers = true;
  await world.settleAll(3_000);
  expect(said).not.toContain('old');
  expect(said).toHaveLength(10_000);
  const large = 'x'.repeat(2 ** 20);
  state.answers = false;
  for (let i = 0; i < 40; i += 1) unsettled.add({ name: `l${i}`, args: [large] }, 60_000);
  expect(unsettled.size).toBe(16);
});
