import fc from 'fast-check';
import { expect, test } from 'vitest';
import { strategies } from '../strategies.ts';
import { CurveRecorder } from './curves.ts';
import {
  faultFields,
  hashOf,
  presets,
  quotaFields,
  scenarioOf,
  senderFields,
  settingsFrom,
  tellsChoices,
} from './settings.ts';
import { type PageRun, simulate } from './simulate.ts';

const names = [...strategies.keys()];
const fields = [...quotaFields, ...senderFields, ...faultFields];

test('an address means the same tomorrow: what is written is read again', () => {
  const numbers = fc.record(
    Object.fromEntries(
      fields.map(({ name, least, most }) => [
        name,
        fc.integer({ min: Math.ceil(least), max: most }),
      ]),
    ),
  );
  const choices = fc.record({
    first: fc.constantFrom(...names),
    second: fc.constantFrom(...names),
    tells: fc.constantFrom(...tellsChoices.map(([value]) => value)),
  });
  fc.assert(
    fc.property(numbers, choices, (some, others) => {
      const settings = { ...settingsFrom('', names), ...some, ...others };
      expect(settingsFrom(hashOf(settings), names)).toEqual(settings);
    }),
  );
});

test('what an address says wrongly is as at the start', () => {
  const start = settingsFrom('', names);
  const wrong = '#clients=0&seed=x&burst=1e9&first=hope&tells=all&minutes=&later=-1&nonsense=1';
  expect(settingsFrom(wrong, names)).toEqual(start);
  expect(settingsFrom('#clients=7', names)).toEqual({ ...start, clients: 7 });
});

test('every preset is a scenario', () => {
  for (const settings of presets.values()) {
    const scenario = scenarioOf(settings);
    expect(scenario.durationMs).toBe(settings.minutes * 60_000);
    expect(scenario.clients[0]?.processes).toBe(settings.clients);
  }
});

test('the first preset is H1: the page shows what the command line prints', () => {
  const settings = { ...settingsFrom('', names), seed: 3 };
  const { values, curves, sleep } = simulate(settings, 'heroku-remaining') as PageRun;
  expect(values.retryRate).toBeGreaterThan(0.02);
  expect(values.retryRate).toBeLessThan(0.05);
  expect(sleep.clients).toHaveLength(10);
  const stepS = (curves.atS[1] as number) - (curves.atS[0] as number);
  const all = curves.admitted.reduce((sum, perSecond) => sum + perSecond * stepS, 0);
  expect(all).toBeCloseTo(values.admitted as number, 6);
  expect(Math.max(...curves.waiting)).toBeLessThanOrEqual(10 + 1e-9);
  expect(curves.waiting[90]).toBeGreaterThan(9);
});

test('settings that cannot be run are said, not thrown', () => {
  const settings = { ...settingsFrom('', names), minutes: 1, extra: 3, burst: 0 };
  expect(simulate(settings, 'weir')).toEqual({ problems: [expect.stringContaining('burst')] });
  expect(simulate(settingsFrom('', names), 'hope')).toEqual({
    problems: ['there is no strategy hope'],
  });
});

test('a wait that reaches over several steps counts in each of them', () => {
  const recorder = new CurveRecorder(4_000, 4);
  const event = { client: 0, request: 1, admitted: true, remaining: 0, nextMs: undefined };
  recorder.observe({
    ...event,
    sleptUs: 2_000_000,
    sentUs: 2_500_000,
    arrivedUs: 2_600_000,
    repliedUs: 2_700_000,
  });
  const { waiting, admitted, atS } = recorder.curves();
  expect([...waiting]).toEqual([0.5, 1, 0.5, 0]);
  expect([...admitted]).toEqual([0, 0, 1, 0]);
  expect([...atS]).toEqual([0.5, 1.5, 2.5, 3.5]);
});
