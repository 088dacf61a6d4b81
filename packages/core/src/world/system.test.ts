import { expect, test } from 'vitest';
import { systemWorld } from './system.ts';

test('is the real clock and real chance', () => {
  const before = systemWorld.now();

  expect(Math.abs(systemWorld.date() - Date.now())).toBeLessThan(1_000);
  expect(systemWorld.now()).toBeGreaterThanOrEqual(before);
  expect(systemWorld.random()).toBeLessThan(1);
  expect(systemWorld.randomBytes(16)).toHaveLength(16);
  expect(systemWorld.randomBytes(16)).not.toEqual(systemWorld.randomBytes(16));
});

test('runs a task later, and not at all once it is cancelled', async () => {
  const ran: string[] = [];
  systemWorld.after(0, () => ran.push('cancelled'))();
  systemWorld.after(1e12, () => ran.push('in thirty years'))();
  let running = true;
  systemWorld.after(0, () => {
    running = false;
  });
  while (running) await new Promise((resolve) => setImmediate(resolve));

  expect(ran).toEqual([]);
});
