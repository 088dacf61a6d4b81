import { expect, test } from 'vitest';
import { sabotages } from './sabotage.model.ts';
import { runSchedule } from './schedule.model.ts';

// A short part of what `npm run faults` runs a thousand of. A failure names its seed, and
// `npm run faults -- --seed 417` runs that one alone.
const schedules = Number(process.env.WEIR_TEST_SCHEDULES ?? 50);

test(
  `whatever store, disk and processes do, what was answered is stored once: ${schedules} schedules`,
  async () => {
    const total = { batches: 0, refusals: 0, crashes: 0, letters: 0, requests: 0 };
    for (let seed = 1; seed <= schedules; seed += 1) {
      const outcome = await runSchedule(seed);
      expect(outcome.wrong, `npm run faults -- --seed ${seed}`).toEqual([]);
      for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += outcome[name];
    }
    // They are worth something: much was taken, refused, asked for, buried and killed.
    expect(total.batches).toBeGreaterThan(50 * schedules);
    expect(total.requests).toBeGreaterThan(200 * schedules);
    for (const name of ['refusals', 'crashes', 'letters'] as const) {
      expect(total[name], name).toBeGreaterThan(schedules);
    }
  },
  60_000 + 500 * schedules,
);

test('the same seed gives the same history, another seed another', async () => {
  const [first, again, other] = [await runSchedule(7), await runSchedule(7), await runSchedule(8)];
  expect(again).toEqual(first);
  expect(other.digest).not.toBe(first.digest);
});

// The schedules can fail: each rule that is broken is found out by one of a few.
test.each(Object.entries(sabotages))(
  'a server that %s is found out',
  async (_, sabotage) => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const { wrong } = await runSchedule(seed, sabotage);
      if (wrong.length > 0) return;
    }
    throw new Error('40 schedules saw nothing wrong');
  },
  120_000,
);
