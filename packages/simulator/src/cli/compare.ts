import { readFile } from 'node:fs/promises';
import { type Baseline, baselineSchema, type Drift, driftsFrom } from '../compare/baseline.ts';
import { type Comparison, compareRuns, type Row, significant } from '../compare/comparison.ts';
import { evaluateIngestion, evaluateQuota } from '../compare/evaluate.ts';
import { infoOf, type Values } from '../compare/values.ts';
import type { Strategy } from '../model/strategy.ts';
import type { IngestionScenario, QuotaScenario } from '../scenario.ts';
import { longWork } from './long-work.ts';
import { shown } from './numbers.ts';
import { columns, exits, Misuse, type Outcome, type Output } from './outcome.ts';
import { type Overrides, overriding } from './overrides.ts';
import { scenarioFrom } from './scenario-source.ts';
import { seedsFrom, strategiesFrom, type Tier, withTier } from './strategy-source.ts';

export interface CompareOptions extends Overrides {
  readonly strategies: string;
  readonly base?: string;
  readonly seeds: string;
  readonly measures: string;
  readonly tier?: Tier;
  readonly baseline?: string;
  readonly tolerance: string;
}

/** Compares strategies on the same seeds, or with what a file says they were. */
export async function compare(
  given: string,
  options: CompareOptions,
  output: Output,
): Promise<Outcome> {
  const scenario = await scenarioFrom(given, withTier(options.tier, overriding(options)));
  if (scenario.kind !== 'quota' && scenario.kind !== 'ingestion') {
    throw new Misuse(
      `${scenario.id}: only scenarios of the kinds quota and ingestion can be compared`,
    );
  }
  const tolerance = Number(options.tolerance);
  if (!(tolerance >= 0 && tolerance < 1)) {
    throw new Misuse(`--tolerance: expected a share from 0 to 1, not ${options.tolerance}`);
  }
  const strategies = strategiesFrom(options.strategies, options.tier);
  const base = options.base ?? (strategies[0] as Strategy).name;
  if (!strategies.some(({ name }) => name === base)) {
    throw new Misuse(`--base: ${base} is not among --strategies`);
  }
  const baseline =
    options.baseline === undefined ? undefined : await readBaseline(options.baseline);
  const seeds = baseline?.seeds ?? seedsFrom(options.seeds);
  const { runs, done } = await runAll(scenario, strategies, seeds, output);
  const used = seeds.slice(0, done);
  const stopped =
    done === seeds.length ? [] : [`interrupted after ${done} of ${seeds.length} seeds`];
  if (done === 0) return { exit: exits.interrupted, lines: [], notes: stopped };
  if (baseline !== undefined)
    return held(baseline, runs, { tolerance, scenario: scenario.id, stopped });
  const comparison = compareRuns(scenario.id, used, runs, base);
  return {
    exit: stopped.length === 0 ? exits.ok : exits.interrupted,
    notes: stopped,
    lines: comparisonLines(comparison, options.measures.split(',')),
    json: { ...comparison, runs: Object.fromEntries(runs) },
    csv: comparisonCsv(comparison),
  };
}

/** Seed by seed through all strategies, so that what an interrupt leaves is still paired. */
async function runAll(
  scenario: QuotaScenario | IngestionScenario,
  strategies: readonly Strategy[],
  seeds: readonly number[],
  output: Output,
) {
  const runs = new Map<string, Values[]>(strategies.map(({ name }) => [name, []]));
  const total = seeds.length * strategies.length;
  const { done } = await longWork(total, `${scenario.id}: runs`, output, (i) => {
    const strategy = strategies[i % strategies.length] as Strategy;
    const seed = seeds[Math.floor(i / strategies.length)] as number;
    const values =
      scenario.kind === 'quota'
        ? evaluateQuota(scenario, strategy, seed).values
        : evaluateIngestion(scenario, strategy, seed);
    runs.get(strategy.name)?.push(values);
  });
  const whole = Math.floor(done / strategies.length);
  for (const values of runs.values()) values.length = whole;
  return { runs, done: whole };
}

function comparisonLines({ scenario, base, seeds, rows }: Comparison, wanted: readonly string[]) {
  const first = rows[0] as Row;
  const names = wanted.filter((name) => name in first.measures);
  if (names.length === 0) throw new Misuse('--measures: none of these has a meaning here');
  const table = rows.map(({ strategy, measures }) => [
    strategy,
    ...names.map((name) => {
      const { median, range } = measures[name] as (typeof measures)[string];
      const { unit } = infoOf(name);
      return `${shown(median, unit)} [${shown(range.low, unit)} – ${shown(range.high, unit)}]`;
    }),
  ]);
  const differences = rows
    .filter(({ strategy }) => strategy !== base)
    .map(({ strategy, differences: off }) => [
      strategy,
      ...names.map((name) => {
        const { median, interval, pValue } = off[name] as (typeof off)[string];
        const { unit } = infoOf(name);
        const mark = pValue < significant ? '*' : ' ';
        return `${shown(median, unit)} [${shown(interval.low, unit)} – ${shown(interval.high, unit)}]${mark}`;
      }),
    ]);
  const header = names.map((name) => infoOf(name).title);
  return [
    `${scenario}, ${seeds.length} seeds: median [95 % of seeds]`,
    ...columns([['strategy', ...header], ...table]),
    '',
    `minus ${base}, seed by seed: median [95 % interval], * where p < ${significant} (Wilcoxon, Holm)`,
    ...columns([['strategy', ...header.map((title) => `${title} `)], ...differences]),
  ];
}

function comparisonCsv({ scenario, seeds, rows }: Comparison) {
  const header = ['scenario', 'seeds', 'strategy', 'measure', 'median', 'low', 'high'];
  const tests = ['difference', 'differenceLow', 'differenceHigh', 'p'];
  const body = rows.flatMap(({ strategy, measures, differences }) =>
    Object.entries(measures).map(([name, { median, range }]) => {
      const off = differences[name];
      const tested = [off?.median, off?.interval.low, off?.interval.high, off?.pValue];
      const cells = [scenario, seeds.length, strategy, name, median, range.low, range.high];
      return [...cells, ...tested.map((each) => each ?? null)];
    }),
  );
  return [[...header, ...tests], ...body];
}

async function readBaseline(path: string): Promise<Baseline> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new Misuse(`--baseline: ${path}: ${(error as Error).message}`);
  }
  const parsed = baselineSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Misuse(
    ...parsed.error.issues.map(({ path: at, message }) => `${path}: ${at.join('.')}: ${message}`),
    `--baseline reads what \`weir-sim compare --json\` printed`,
  );
}

interface Held {
  readonly scenario: string;
  readonly tolerance: number;
  readonly stopped: readonly string[];
}

/** Worse than the baseline ends with 1. */
function held(
  baseline: Baseline,
  runs: ReadonlyMap<string, readonly Values[]>,
  given: Held,
): Outcome {
  if (baseline.scenario !== given.scenario) {
    throw new Misuse(`--baseline is of ${baseline.scenario}, not of ${given.scenario}`);
  }
  if (given.stopped.length > 0) return { exit: exits.interrupted, lines: [], notes: given.stopped };
  const drifts = driftsFrom(baseline, runs, given.tolerance);
  const worse = drifts.filter(({ is }) => is === 'worse');
  const missing = [...runs.keys()].filter((name) => !(name in baseline.runs));
  return {
    exit: worse.length === 0 ? exits.ok : exits.found,
    lines: drifts.length === 0 ? ['as the baseline has it'] : drifts.map(driftLine),
    notes: missing.map((name) => `${name} is not in the baseline`),
    json: { scenario: given.scenario, seeds: baseline.seeds, drifts },
  };
}

function driftLine({ is, strategy, measure, before, after, pValue }: Drift): string {
  const { unit, title } = infoOf(measure);
  const change = `${shown(before, unit)} → ${shown(after, unit)}`;
  return `${is}: ${strategy}: ${title} ${change} (p = ${pValue.toPrecision(2)})`;
}
