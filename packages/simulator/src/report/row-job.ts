import { parentPort, workerData } from 'node:worker_threads';
import {
  backoffNamed,
  evaluateIngestion,
  evaluateOcc,
  evaluateQuota,
} from '../compare/evaluate.ts';
import type { Values } from '../compare/values.ts';
import type { Strategy } from '../model/strategy.ts';
import type { QuotaScenario } from '../scenario.ts';
import { scenarios } from '../scenarios/scenarios.ts';
import { strategies } from '../strategies.ts';

/** One strategy on one scenario; on an optimistic contest one backoff, by its short name. */
export interface RowJob {
  readonly scenario: string;
  readonly strategy: string;
}

export interface RowResult extends RowJob {
  readonly values: readonly Values[];
}

const seedsAtMost = 100;
const seedsAtLeast = 5;
const requestsEnough = 400_000;
const requestsOfOurs = 3_000_000;

/** A twentieth of a whole server, until a minute after its last trouble. */
const small = { durationMs: 720_000, keys: 10, queue: 500, workers: 1 } as const;
const seedsOfServer = 3;

/**
 * Seeds 1 to 100. A rival that has made 400,000 requests is stopped there, ours at 3 million, at five
 * seeds or more: stampedes differ little from seed to seed, and cost a hundred times as much to simulate. A whole
 * server runs on three seeds.
 */
export function runRow({ scenario, strategy }: RowJob): RowResult {
  const found = strategies.get(strategy);
  const given = scenarios.get(scenario);
  const backoff = backoffNamed(strategy);
  if (given?.kind === 'occ' && backoff !== undefined) {
    const values = evaluateOcc(given, backoff, 1).map((row) => ({ ...row }));
    return { scenario, strategy, values };
  }
  if (found === undefined || given === undefined)
    throw new RangeError(`no ${scenario} ${strategy}`);
  if (given.kind === 'ingestion') {
    const seeds = Array.from({ length: seedsOfServer }, (_, i) => i + 1);
    const values = seeds.map((seed) => evaluateIngestion({ ...given, ...small }, found, seed));
    return { scenario, strategy, values };
  }
  return { scenario, strategy, values: quotaRuns(given as QuotaScenario, found) };
}

function quotaRuns(scenario: QuotaScenario, strategy: Strategy): readonly Values[] {
  const enough = strategy.name.startsWith('weir') ? requestsOfOurs : requestsEnough;
  const values: Values[] = [];
  let requests = 0;
  for (let seed = 1; seed <= seedsAtMost; seed += 1) {
    if (requests >= enough && values.length >= seedsAtLeast) break;
    const run = evaluateQuota(scenario, strategy, seed);
    values.push(run.values);
    requests += run.values.requests ?? 0;
  }
  return values;
}

// As a worker: one job after the other, as they come.
if (workerData === 'rows') {
  parentPort?.on('message', (job: RowJob) => parentPort?.postMessage(runRow(job)));
}
