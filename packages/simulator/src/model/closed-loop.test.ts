import { expect, test } from 'vitest';
import { eventLog } from '../event-log.ts';
import { measure } from '../measure.ts';
import { weir, weirUnnamed } from '../ours.ts';
import { retryAfter } from '../rivals/retry-after.ts';
import { type RequestEvent, runScenario } from '../run.ts';
import { parseScenario, type QuotaScenario } from '../scenario.ts';
import { h1 } from '../scenarios/h1-heroku-gcra.ts';
import type { Strategy } from './strategy.ts';

function linesOf(scenario: QuotaScenario, strategy: Strategy, seed: number): string {
  const lines: string[] = [];
  runScenario(
    scenario,
    strategy,
    seed,
    eventLog((line) => lines.push(line)),
  );
  return lines.join('');
}

function eventsOf(scenario: QuotaScenario, strategy: Strategy): RequestEvent[] {
  const events: RequestEvent[] = [];
  runScenario(scenario, strategy, 1, (event) => events.push({ ...event }));
  return events;
}

test('the same seed writes the same bytes, another seed others', () => {
  const short = { ...h1, durationMs: 60_000 };

  expect(linesOf(short, weir, 7)).toBe(linesOf(short, weir, 7));
  expect(linesOf(short, weir, 7)).not.toBe(linesOf(short, weir, 8));
  expect(linesOf(short, weir, 7)).toMatch(/^\{"client":\d+,"request":1,"sleptUs":0,/);
});

test('the same request takes as long, whoever sends it', () => {
  const short = { ...h1, durationMs: 30_000 };
  const roundTrips = (strategy: Strategy) =>
    new Map(
      eventsOf(short, strategy).map(({ client, request, sentUs, repliedUs }) => [
        `${client}/${request}`,
        repliedUs - sentUs,
      ]),
    );
  const ours = roundTrips(weirUnnamed);
  const theirs = roundTrips(retryAfter);
  const both = [...ours].filter(([name]) => theirs.has(name));

  expect(both.length).toBeGreaterThan(20);
  for (const [name, us] of both) expect(theirs.get(name)).toBe(us);
});

test('arrivals come in order, each after it was sent and before its reply', () => {
  let lastUs = 0;
  for (const { sentUs, arrivedUs, repliedUs } of eventsOf({ ...h1, durationMs: 60_000 }, weir)) {
    expect(arrivedUs).toBeGreaterThanOrEqual(lastUs);
    expect(sentUs).toBeLessThan(arrivedUs);
    expect(arrivedUs).toBeLessThan(repliedUs);
    lastUs = arrivedUs;
  }
});

test('what is left stays left when the rate changes', () => {
  const quota = { tokens: 1, periodMs: 1_000, burst: 100 };
  const scenario = parseScenario({
    kind: 'quota',
    id: 'change',
    durationMs: 20_000,
    server: {
      quota,
      initialTokens: 50,
      changes: [{ atMs: 10_000, quota: { ...quota, periodMs: 100 } }],
    },
    clients: [{ processes: 1, gapMs: 1_000 }],
  }) as QuotaScenario;
  const leftAt = (seconds: number) =>
    eventsOf(scenario, retryAfter).findLast(({ arrivedUs }) => arrivedUs < seconds * 1_000_000)
      ?.remaining ?? -1;

  // Earned and spent at about 1/s until 10 s; then earned at 10/s.
  expect(Math.abs(leftAt(9.9) - 49)).toBeLessThanOrEqual(1);
  expect(Math.abs(leftAt(11.5) - 60)).toBeLessThanOrEqual(10);
});

test('processes leave after their requests, and threads of one share them', () => {
  const scenario = parseScenario({
    kind: 'quota',
    id: 'few',
    durationMs: 600_000,
    server: { quota: { tokens: 10, periodMs: 1_000, burst: 10 }, initialTokens: 10 },
    clients: [
      { processes: 2, each: 3, requests: 7 },
      { processes: 1, each: 4, requests: 2 },
    ],
  }) as QuotaScenario;
  const result = runScenario(scenario, weir, 1);

  expect(measure(result).admitted).toBe(2 * 7 + 2);
  expect(result.cleared).toBe(true);
  expect(result.endedMs).toBeLessThan(10_000);
});
