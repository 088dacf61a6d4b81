import { expect, test } from 'vitest';
import { measure } from '../measure.ts';
import { runScenario } from '../run.ts';
import type { QuotaScenario } from '../scenario.ts';
import { h1 } from '../scenarios/h1-heroku-gcra.ts';
import { h2 } from '../scenarios/h2-heroku-clear.ts';
import { h4 } from '../scenarios/h4-step.ts';
import { h5 } from '../scenarios/h5-churn.ts';
import { median } from '../statistics/order.ts';
import { rivals } from './rivals.ts';

const seeds = [1, 2, 3, 4, 5, 6, 7];

function of(name: string) {
  const found = rivals.find((rival) => rival.name === name);
  if (found === undefined) throw new Error(`no rival ${name}`);
  return found;
}

function medians(scenario: QuotaScenario, name: string) {
  const runs = seeds.map((seed) => measure(runScenario(scenario, of(name), seed)));
  const get = (key: keyof (typeof runs)[0]) => median(runs.map((run) => run[key] ?? Infinity));
  return { get, runs };
}

test('every rival has a name of its own, and says whom it follows', () => {
  expect(new Set(rivals.map(({ name }) => name)).size).toBe(rivals.length);
  for (const { name, sentence } of rivals) {
    expect(name).toMatch(/^[a-z-]+$/);
    expect(sentence.length).toBeGreaterThan(20);
  }
});

// `rake bench` of zombocom/rate_throttle_client (cb1ed06), measured: 2 to 4 runs of half an hour.
test.each<[string, [number, number], [number, number]]>([
  ['heroku-backoff', [0.75, 0.81], [100_000, 400_000]],
  ['heroku-gradual', [0.41, 0.52], [130_000, 280_000]],
  ['heroku-proportional', [0.025, 0.047], [13_000, 34_000]],
  ['heroku-remaining', [0.025, 0.045], [11_000, 28_000]],
])('%s refuses and sleeps as the gem was measured to', (name, rates, sleeps) => {
  const { get } = medians(h1, name);
  expect(get('retryRate')).toBeGreaterThan(rates[0]);
  expect(get('retryRate')).toBeLessThan(rates[1]);
  expect(get('maxSleepMs')).toBeGreaterThan(sleeps[0]);
  expect(get('maxSleepMs')).toBeLessThan(sleeps[1]);
});

// Of the same measurements, less the time in which Puma starts and stops (some 8 s).
test.each([
  ['heroku-backoff', 13_400, 13_700],
  ['heroku-gradual', 14_400, 15_200],
  ['heroku-proportional', 450_000, 475_000],
  ['heroku-remaining', 14_200, 15_000],
])('%s clears a full quota in the time it took', (name, leastMs, mostMs) => {
  const { get } = medians(h2, name);
  expect(get('timeToClearMs')).toBeGreaterThan(leastMs);
  expect(get('timeToClearMs')).toBeLessThan(mostMs);
});

test('threads of one process hand their sleep on to each other', () => {
  const inOne = { ...h1, clients: [{ ...h1.clients[0], processes: 2, each: 5, gapMs: 10 }] };
  const shared = runScenario(inOne as QuotaScenario, of('heroku-remaining'), 1);
  const alone = runScenario(h1, of('heroku-remaining'), 1);
  expect(measure(shared).requestCountStdev).not.toBe(measure(alone).requestCountStdev);
  expect(measure(shared).retryRate).toBeLessThan(0.06);
});

test('waiting exactly as long as all others is a stampede', () => {
  expect(medians(h1, 'retry-after').get('retryRate')).toBeGreaterThan(0.88);
  expect(medians(h1, 'fixed').get('retryRate')).toBeGreaterThan(0.8);
});

test('the floor of AWS adaptive lies above a share of 0.125/s', () => {
  const { get } = medians(h1, 'aws-adaptive');
  expect(get('retryRate')).toBeGreaterThan(0.5);
  expect(get('maxSleepMs')).toBeLessThanOrEqual(21_000);
});

test('shedding at the sender refuses less than backing off, and keeps senders waiting longer', () => {
  const [sre, full] = [medians(h1, 'google-sre'), medians(h1, 'aws-full')];
  expect(sre.get('retryRate')).toBeLessThan(0.3);
  expect(sre.get('retryRate')).toBeLessThan(full.get('retryRate') / 2);
  expect(sre.get('maxSleepMs')).toBeGreaterThan(full.get('maxSleepMs'));
});

test.each([h1, h2, h4, h5])('nobody does better than the ideal: $id', (scenario) => {
  const { runs } = medians(scenario, 'ideal');
  for (const { refused, quotaUsed, jain } of runs) {
    expect(refused).toBe(0);
    expect(quotaUsed).toBeGreaterThan(0.995);
    expect(jain).toBeGreaterThan(scenario === h5 ? 0 : 0.999);
  }
});

test('two runs of the ideal do not know of each other', () => {
  const first = measure(runScenario(h1, of('ideal'), 1));
  runScenario(h1, of('ideal'), 2);
  expect(measure(runScenario(h1, of('ideal'), 1))).toEqual(first);
});
