import { expect, test } from 'vitest';
import { weir } from '../ours.ts';
import { herokuRemaining } from '../rivals/heroku-remaining.ts';
import { retryAfter } from '../rivals/retry-after.ts';
import { type IngestionScenario, parseScenario } from '../scenario.ts';
import { Ingestion } from './ingestion.ts';

const scenario = parseScenario({
  kind: 'ingestion',
  id: 'small',
  durationMs: 120_000,
  keys: 10,
  server: { quota: { tokens: 50, periodMs: 1_000, burst: 100 } },
  arrivals: { perSecond: 40, surge: { fromMs: 20_000, toMs: 30_000, factor: 3 } },
  backlog: 10_000,
  queue: 500,
  workers: 1,
  batch: { events: 100, ageMs: 1_000 },
  put: { medianMs: 40, p99Ms: 400, slow: { fromMs: 60_000, toMs: 70_000, factor: 20 } },
}) as IngestionScenario;

test('the same seed gives the same run, another seed another', () => {
  const short = { ...scenario, durationMs: 30_000 };
  const run = (seed: number) => new Ingestion(short, weir, seed).run();

  expect(run(1)).toEqual(run(1));
  expect(run(1).events).not.toBe(run(2).events);
});

test('a surge and a slow store fill the queue to its bound, and nothing is lost', () => {
  const result = new Ingestion(scenario, weir, 1).run();

  expect(result.lost).toBe(0);
  expect(result.mostQueued).toBe(500);
  expect(result.overloaded).toBeGreaterThan(0);
  expect(result.accepted).toBeGreaterThan(0.8 * result.events);
  expect(result.durable).toBeLessThanOrEqual(result.accepted);
  expect(result.requests).toBe(result.accepted + result.refused + result.overloaded);
});

test('who keeps to the pace is refused a hundredth of what one who comes back at once is', () => {
  const ours = new Ingestion(scenario, weir, 1).run();
  const theirs = new Ingestion(scenario, retryAfter, 1).run();

  expect(ours.refused).toBeLessThan(theirs.refused / 100);
});

test('a store that fails at times costs PUTs, not events', () => {
  const faulty = { ...scenario, put: { ...scenario.put, failureRate: 0.2 } };
  const sound = new Ingestion(scenario, weir, 1).run();
  const result = new Ingestion(faulty, weir, 1).run();

  // Not by a fifth: while a PUT is tried again, the next batch grows.
  expect(result.puts).toBeGreaterThan(sound.puts);
  expect(result.lost).toBe(0);
});

test('a backlog that is full loses what comes', () => {
  const small = { ...scenario, backlog: 100 };

  expect(new Ingestion(small, weir, 1).run().lost).toBeGreaterThan(0);
});

test('requests whose reply is lost come again: stored twice unless they carry a key that is remembered', () => {
  const lostReplies = { fromMs: 0, toMs: 120_000, share: 0.02 };
  const lossy = { ...scenario, network: { ...scenario.network, lostReplies } };
  const forgets = { ...lossy, server: { ...lossy.server, idempotencyMs: 1_000 } };
  const run = (of: IngestionScenario, strategy = weir) => new Ingestion(of, strategy, 1).run();

  expect(run(scenario).duplicates).toBe(0);
  expect(run(lossy)).toMatchObject({ duplicates: 0, lost: 0 });
  expect(run(forgets).duplicates).toBeGreaterThan(100); // one in fifty of what was taken
  expect(run(lossy, herokuRemaining).duplicates).toBeGreaterThan(100);
});
