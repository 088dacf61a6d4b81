import { writeFile } from 'node:fs/promises';
import { SleepRecorder } from '../chart/sleep-series.ts';
import { svgChart } from '../chart/svg.ts';
import { stepsFor, terminalChart } from '../chart/terminal.ts';
import {
  backoffNamed,
  evaluateDay,
  evaluateIngestion,
  evaluateOcc,
  evaluateQuota,
} from '../compare/evaluate.ts';
import { measuresOf, type Values } from '../compare/values.ts';
import { eventLog } from '../event-log.ts';
import type { Observer } from '../run.ts';
import type {
  DiurnalScenario,
  IngestionScenario,
  OccScenario,
  QuotaScenario,
} from '../scenario.ts';
import { EventFile } from './event-file.ts';
import { grouped, shown } from './numbers.ts';
import { columns, exits, Misuse, type Outcome, type Output } from './outcome.ts';
import { type Overrides, overriding } from './overrides.ts';
import { replayOutcome } from './replay.ts';
import { scenarioFrom } from './scenario-source.ts';
import { seedFrom, strategyFrom, type Tier, withTier } from './strategy-source.ts';

export interface RunOptions extends Overrides {
  readonly strategy?: string;
  readonly tier?: Tier;
  readonly seed: string;
  readonly events?: string;
  readonly svg?: string;
  /** False with `--no-chart`. */
  readonly chart: boolean;
}

/** Runs one scenario once. */
export async function run(given: string, options: RunOptions, output: Output): Promise<Outcome> {
  const change = withTier(options.tier, overriding(options));
  const scenario = await scenarioFrom(given, change);
  const seed = seedFrom('--seed', options.seed);
  switch (scenario.kind) {
    case 'quota':
      return runQuota(scenario, seed, options, output);
    case 'occ':
      return runContest(scenario, seed, options);
    case 'diurnal':
      return runDay(scenario, seed, options);
    case 'ingestion':
      return runServer(scenario, seed, options);
  }
}

async function runQuota(
  scenario: QuotaScenario,
  seed: number,
  options: RunOptions,
  output: Output,
): Promise<Outcome> {
  const strategy = strategyFrom(options.strategy, options.tier);
  const recorder = new SleepRecorder(scenario.durationMs, stepsFor(output.columns));
  const file = options.events === undefined ? undefined : new EventFile(options.events);
  const log = file === undefined ? undefined : eventLog((line) => file.write(line));
  const observe: Observer = (event) => {
    recorder.observe(event);
    log?.(event);
  };
  const { values, endedMs } = evaluateQuota(scenario, strategy, seed, observe);
  file?.close();
  const series = recorder.series(endedMs);
  const title = `${scenario.id}, ${strategy.name}, seed ${seed}`;
  if (options.svg !== undefined) await writeFile(options.svg, svgChart(title, series));
  const chart = options.chart ? ['', ...terminalChart(series, output.columns !== undefined)] : [];
  return {
    exit: exits.ok,
    lines: [title, ...measureLines(values), ...chart],
    json: { scenario: scenario.id, strategy: strategy.name, seed, ...values },
    csv: csvOf(scenario.id, strategy.name, seed, values),
  };
}

/** Each measure under the other, as people read it; what has no meaning is left out. */
function measureLines(values: Values): string[] {
  const rows = measuresOf(values).map(({ title, unit, value }) => [
    `  ${title}`,
    shown(value, unit),
  ]);
  return columns(rows);
}

function csvOf(scenario: string, strategy: string, seed: number, values: Values) {
  const names = Object.keys(values);
  return [
    ['scenario', 'strategy', 'seed', ...names],
    [scenario, strategy, seed, ...names.map((name) => values[name] ?? null)],
  ];
}

/** What has no meaning where nobody is refused by a quota is null. */
const meaningless: Values = {
  retryRate: null,
  maxSleepMs: null,
  requestCountStdev: null,
  quotaUsed: null,
  timeToClearMs: null,
};

function runContest(
  scenario: OccScenario,
  seed: number,
  { strategy = 'full' }: RunOptions,
): Outcome {
  const backoff = backoffNamed(strategy);
  if (backoff === undefined) {
    throw new Misuse(`--strategy: ${scenario.id} has the backoffs of AWS alone, not ${strategy}`);
  }
  const rows = evaluateOcc(scenario, backoff, seed);
  const table = rows.map(({ clients, meanMs, meanCalls }) => {
    return [grouped(clients), `${grouped(meanMs)} ms`, grouped(meanCalls)];
  });
  return {
    exit: exits.ok,
    lines: [
      `${scenario.id}, aws-${backoff}, seed ${seed}: means of ${scenario.runs} runs`,
      ...columns([['clients', 'until all were done', 'writes tried'], ...table]),
    ],
    json: { scenario: scenario.id, strategy: `aws-${backoff}`, seed, ...meaningless, rows },
    csv: [
      ['clients', 'meanMs', 'meanCalls'],
      ...rows.map(({ clients, meanMs, meanCalls }) => [clients, meanMs, meanCalls]),
    ],
  };
}

function runServer(scenario: IngestionScenario, seed: number, options: RunOptions): Outcome {
  const strategy = strategyFrom(options.strategy, options.tier);
  if (strategy.name === 'ideal') throw new Misuse(`--strategy: ${scenario.id} has no ideal`);
  const values = { ...meaningless, ...evaluateIngestion(scenario, strategy, seed) };
  return {
    exit: exits.ok,
    lines: [`${scenario.id}, ${strategy.name}, seed ${seed}`, ...measureLines(values)],
    json: { scenario: scenario.id, strategy: strategy.name, seed, ...values },
    csv: csvOf(scenario.id, strategy.name, seed, values),
  };
}

function runDay(scenario: DiurnalScenario, seed: number, { strategy }: RunOptions): Outcome {
  if (strategy !== undefined) {
    throw new Misuse(`--strategy: ${scenario.id} holds arrivals as they come against a quota`);
  }
  const report = evaluateDay(scenario, seed);
  const { lines, csv } = replayOutcome(report, `${scenario.id}, seed ${seed}`);
  const json = {
    scenario: scenario.id,
    strategy: null,
    seed,
    ...meaningless,
    retryRate: report.refusedShare,
    ...report,
  };
  return { exit: exits.ok, lines, json, ...(csv === undefined ? {} : { csv }) };
}
