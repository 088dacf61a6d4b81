import { measure } from '../measure.ts';
import type { Strategy } from '../model/strategy.ts';
import { diurnal } from '../replay/diurnal.ts';
import { Replay, type ReplayReport } from '../replay/replay.ts';
import { type AwsBackoffName, awsBackoffNames, awsBackoffs } from '../rivals/aws-backoff.ts';
import { contestMeans } from '../rivals/optimistic-writers.ts';
import { type Observer, runIngestion, runScenario } from '../run.ts';
import {
  compileTerms,
  type DiurnalScenario,
  type IngestionScenario,
  type OccScenario,
  type QuotaScenario,
} from '../scenario.ts';
import { phasesOf } from './phases.ts';
import type { Values } from './values.ts';

/** One run of a quota scenario, measured. */
export function evaluateQuota(
  scenario: QuotaScenario,
  strategy: Strategy,
  seed: number,
  observer?: Observer,
): { readonly values: Values; readonly endedMs: number } {
  const result = runScenario(scenario, strategy, seed, observer);
  return { values: { ...measure(result), ...phasesOf(result) }, endedMs: result.endedMs };
}

/** One run of a whole server, measured. */
export function evaluateIngestion(
  scenario: IngestionScenario,
  strategy: Strategy,
  seed: number,
): Values {
  const result = runIngestion(scenario, strategy, seed);
  const { events, lost, requests, refused, overloaded, durable, duplicates, puts } = result;
  const share = (part: number, of: number) => (of === 0 ? 0 : part / of);
  return {
    refusedShare: share(refused, requests),
    overloadedShare: share(overloaded, requests),
    lostShare: share(lost, events),
    duplicates,
    goodputPerSecond: (1_000 * (durable - duplicates)) / scenario.durationMs,
    p99WaitMs: result.p99WaitMs,
    p50AcceptToDurableMs: result.p50AcceptToDurableMs,
    p99AcceptToDurableMs: result.p99AcceptToDurableMs,
    puts,
    dollarsPerMillionEvents: result.dollarsPerMillionEvents,
    mostQueued: result.mostQueued,
    mostBacklog: result.mostBacklog,
    requests,
    events,
  };
}

/** One size of an optimistic contest, the mean over its runs. */
export interface ContestRow {
  readonly clients: number;
  readonly meanMs: number;
  readonly meanCalls: number;
}

export function evaluateOcc(
  scenario: OccScenario,
  backoff: AwsBackoffName,
  seed: number,
): readonly ContestRow[] {
  return scenario.clients.map((clients) => ({
    clients,
    ...contestMeans(scenario, clients, awsBackoffs[backoff], seed),
  }));
}

/** `aws-full` or `full`: the backoffs by either name; undefined for what is none of them. */
export function backoffNamed(strategy: string): AwsBackoffName | undefined {
  return awsBackoffNames.find((name) => name === strategy || `aws-${name}` === strategy);
}

/** A generated day against its quota. */
export function evaluateDay(scenario: DiurnalScenario, seed: number): ReplayReport {
  const replay = new Replay(compileTerms(scenario.server.quota), 'requests');
  diurnal(scenario, seed, (arrival) => replay.take(arrival));
  const names = Array.from({ length: scenario.keys }, (_, i) => `k${i}`);
  return replay.report(names);
}
