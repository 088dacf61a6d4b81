import type { TunedBatch } from '@weir/core/tuned';
import { weir } from '../ours.ts';
import { runIngestion } from '../run.ts';
import type { IngestionScenario } from '../scenario.ts';
import { scenarios } from '../scenarios/scenarios.ts';
import type { Parameter, Side, Vector } from './side.ts';

/** Of the server, by the names of its settings. */
const settings: readonly Parameter[] = [
  { name: 'MAX_WORKERS', least: 1, most: 64, isLog: true, isWhole: true },
  { name: 'MAX_QUEUE', least: 500, most: 200_000, isLog: true, isWhole: true },
  { name: 'WEIR_SEGMENT_AGE_MS', least: 100, most: 10_000, isLog: true, isWhole: true },
  { name: 'WEIR_SEGMENT_EVENTS', least: 50, most: 20_000, isLog: true, isWhole: true },
  { name: 'WEIR_S3_MAX_CONCURRENCY', least: 1, most: 64, isLog: true, isWhole: true },
];

/** Of the SDK, by the names of its options: a request of many events is what a server sees of them. */
const batch: readonly Parameter[] = [
  { name: 'maxBatchEvents', least: 1, most: 5_000, isLog: true, isWhole: true },
  { name: 'lingerMs', least: 1, most: 2_000, isLog: true, isWhole: true },
  { name: 'maxConcurrency', least: 1, most: 32, isLog: true, isWhole: true },
];

/** Of a plan: what a tenant may send at one instant. */
const burst: Parameter = { name: 'burst', least: 1, most: 1_000, isLog: true, isWhole: true };
const parameters: readonly Parameter[] = [...settings, ...batch, burst];

/** As they are before anyone tunes them, but for a queue that a test of seconds can fill. */
const untuned: Readonly<Record<string, number>> = {
  MAX_WORKERS: 2,
  MAX_QUEUE: 100_000,
  WEIR_SEGMENT_AGE_MS: 10_000,
  WEIR_SEGMENT_EVENTS: 10_000,
  WEIR_S3_MAX_CONCURRENCY: 32,
  maxBatchEvents: 500,
  lingerMs: 50,
  maxConcurrency: 8,
  burst: 100,
};

const quota = { tokens: 10, periodMs: 1_000 } as const;

/**
 * A twentieth of H7 in keys and a twelfth in time: the same surge and the same slow store. A quarter of
 * the events may go one by one, so that they must be put together, and the store bears four writes at once.
 */
function smallIngestion(): IngestionScenario {
  const h7 = scenarios.get('H7') as IngestionScenario;
  return {
    ...h7,
    id: 'H7-small',
    durationMs: 100_000,
    keys: 10,
    arrivals: { perSecond: 40, surge: { fromMs: 25_000, toMs: 30_000, factor: 3 } },
    put: { ...h7.put, slow: { fromMs: 50_000, toMs: 55_000, factor: 10 }, bears: 4 },
  };
}

/** The scenario with the parameters that a vector stands for. */
function withVector(small: IngestionScenario, vector: Vector): IngestionScenario {
  const [workers = 1, queue = 1, ageMs = 1, events = 1, concurrency = 1] = vector;
  const [maxBatchEvents = 1, lingerMs = 1, maxConcurrency = 1, most = 1] = vector.slice(5);
  return {
    ...small,
    workers,
    queue,
    batch: { ageMs, events },
    put: { ...small.put, concurrency },
    client: { maxBatchEvents, lingerMs, maxConcurrency },
    server: { ...small.server, quota: { ...quota, burst: most } },
  };
}

/** Queue, workers, writes and batches of a whole server, with senders that keep to their pace. */
export function serverSide(start: Partial<Record<string, number>>): Side {
  const small = smallIngestion();
  const aim = (name: string, atMost: number) => ({ scenario: small.id, name, atMost });
  return {
    name: 'server',
    parameters,
    start: parameters.map(({ name }) => start[name] ?? (untuned[name] as number)),
    aims: [
      aim('lost', 0.0001),
      aim('refused for want of room', 0.001),
      aim('p99 accept to durable, ms', 2_000),
      aim('$ per million events', 0.02),
      aim('workers', 8),
      aim('writes at once', 8),
      aim('most queued', 5_000),
      aim('p99 wait, ms', 1_000),
      aim('requests per event', 0.2),
      aim('burst', 100),
    ],
    evaluate(vector, seed) {
      const tried = withVector(small, vector);
      const result = runIngestion(tried, weir, seed);
      return [
        result.lost / result.events,
        result.overloaded / result.requests,
        result.p99AcceptToDurableMs,
        result.dollarsPerMillionEvents,
        tried.workers,
        tried.put.concurrency,
        result.mostQueued,
        result.p99WaitMs,
        result.requests / result.events,
        tried.server.quota.burst,
      ];
    },
  };
}

/** The settings of the server that a vector stands for. */
export function settingsOf(vector: Vector): Record<string, number> {
  return valuesOf(settings, vector, 0);
}

/** The options of the SDK that it stands for. */
export function batchOf(vector: Vector): TunedBatch {
  return valuesOf(batch, vector, settings.length);
}

export function burstOf(vector: Vector): number {
  return vector.at(-1) as number;
}

function valuesOf(of: readonly Parameter[], vector: Vector, from: number): Record<string, number> {
  return Object.fromEntries(of.map(({ name }, i) => [name, vector[from + i] as number]));
}
