import { weir } from '../ours.ts';
import { runIngestion } from '../run.ts';
import type { IngestionScenario } from '../scenario.ts';
import { scenarios } from '../scenarios/scenarios.ts';
import type { Parameter, Side, Vector } from './side.ts';

const parameters: readonly Parameter[] = [
  { name: 'MAX_WORKERS', least: 1, most: 64, isLog: true, isWhole: true },
  { name: 'MAX_QUEUE', least: 500, most: 200_000, isLog: true, isWhole: true },
  { name: 'WEIR_SEGMENT_AGE_MS', least: 100, most: 10_000, isLog: true, isWhole: true },
  { name: 'WEIR_SEGMENT_EVENTS', least: 50, most: 20_000, isLog: true, isWhole: true },
];

/** As settings are before anyone tunes them, but for a queue that a test of seconds can fill. */
const untuned = { workers: 2, queue: 100_000, ageMs: 10_000, events: 10_000 };

/** A twentieth of H7 in keys and a twelfth in time: the same surge and the same slow store. */
function smallIngestion(): IngestionScenario {
  const h7 = scenarios.get('H7') as IngestionScenario;
  return {
    ...h7,
    id: 'H7-small',
    durationMs: 100_000,
    keys: 10,
    arrivals: { perSecond: 40, surge: { fromMs: 25_000, toMs: 30_000, factor: 3 } },
    put: { ...h7.put, slow: { fromMs: 50_000, toMs: 55_000, factor: 10 } },
  };
}

/** Queue, workers and batches of the server, with senders that keep to their pace. */
export function serverSide(start: Partial<Record<string, number>>): Side {
  const small = smallIngestion();
  const { workers, queue, ageMs, events } = untuned;
  const before = [workers, queue, ageMs, events];
  const scenario = small.id;
  return {
    name: 'server',
    parameters,
    start: parameters.map(({ name }, i) => start[name] ?? (before[i] as number)),
    aims: [
      { scenario, name: 'lost', atMost: 0.0001 },
      { scenario, name: 'refused for want of room', atMost: 0.001 },
      { scenario, name: 'p99 accept to durable, ms', atMost: 2_000 },
      { scenario, name: '$ per million events', atMost: 0.02 },
      { scenario, name: 'workers', atMost: 8 },
      { scenario, name: 'most queued', atMost: 5_000 },
    ],
    evaluate([workers = 1, queue = 1, ageMs = 1, events = 1], seed) {
      const tried = { ...small, workers, queue, batch: { ageMs, events } };
      const result = runIngestion(tried, weir, seed);
      return [
        result.lost / result.events,
        result.overloaded / result.requests,
        result.p99AcceptToDurableMs,
        result.dollarsPerMillionEvents,
        workers,
        result.mostQueued,
      ];
    },
  };
}

/** The settings that a vector stands for. */
export function settingsOf(vector: Vector): Record<string, number> {
  return Object.fromEntries(parameters.map(({ name }, i) => [name, vector[i] as number]));
}
