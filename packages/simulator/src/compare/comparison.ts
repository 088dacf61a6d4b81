import { type Interval, medianInterval } from '../statistics/bootstrap.ts';
import { holm } from '../statistics/holm.ts';
import { ascending, quantile } from '../statistics/order.ts';
import { signedRank } from '../statistics/wilcoxon.ts';
import type { Values } from './values.ts';

/** How one measure of one strategy spread over the seeds. */
export interface Spread {
  readonly median: number;
  /** From the 2.5th to the 97.5th percentile: where 95 % of the seeds lie. */
  readonly range: Interval;
}

/** How one measure of one strategy differs from the same seeds of the base. */
export interface Difference {
  /** Median over seeds of this minus base. */
  readonly median: number;
  /** Of that median, with 95 % confidence. */
  readonly interval: Interval;
  /** Wilcoxon's signed-rank test, corrected by Holm over the whole table. */
  readonly pValue: number;
}

export interface Row {
  readonly strategy: string;
  readonly measures: Readonly<Record<string, Spread>>;
  /** Empty for the base itself. */
  readonly differences: Readonly<Record<string, Difference>>;
}

/** Strategies on one scenario, each on the same seeds. */
export interface Comparison {
  readonly scenario: string;
  readonly base: string;
  readonly seeds: readonly number[];
  readonly rows: readonly Row[];
}

/** The values of each strategy, one for each seed and in the same order. */
export type Runs = ReadonlyMap<string, readonly Values[]>;

export const significant = 0.05;
const bootstrapSeed = 1;

/**
 * Compares each strategy with `base`, seed by seed. A measure without meaning in one run counts as
 * endless there; one that has no meaning in any run is left out.
 */
export function compareRuns(
  scenario: string,
  seeds: readonly number[],
  runs: Runs,
  base: string,
): Comparison {
  const names = measuresOf(runs);
  const columns = new Map<string, ReadonlyMap<string, Float64Array>>();
  for (const [strategy, values] of runs) {
    columns.set(strategy, new Map(names.map((name) => [name, columnOf(values, name)])));
  }
  const baseColumns = columns.get(base);
  if (baseColumns === undefined) throw new RangeError(`${base} is not among the strategies`);
  const tests = pairedTests(columns, baseColumns, base);
  const rows = [...columns].map(([strategy, own]) => ({
    strategy,
    measures: Object.fromEntries([...own].map(([name, column]) => [name, spreadOf(column)])),
    differences: tests.get(strategy) ?? {},
  }));
  return { scenario, base, seeds, rows };
}

/** 95 % of the values, and their middle. */
export function spreadOf(values: ArrayLike<number>): Spread {
  const sorted = ascending(values);
  return {
    median: quantile(sorted, 0.5),
    range: { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) },
  };
}

/** This minus that, seed by seed. Two that never end do not differ. */
export function pairedDifferences(these: Float64Array, those: Float64Array): Float64Array {
  return these.map((value, i) => (value === those[i] ? 0 : value - (those[i] as number)));
}

function measuresOf(runs: Runs): string[] {
  const names = new Set<string>();
  for (const values of runs.values()) {
    for (const each of values) {
      for (const [name, value] of Object.entries(each)) if (value !== null) names.add(name);
    }
  }
  const [first] = runs.values();
  const order = Object.keys(first?.[0] ?? {});
  return [...names].sort((a, b) => order.indexOf(a) - order.indexOf(b));
}

export function columnOf(values: readonly Values[], name: string): Float64Array {
  return Float64Array.from(values, (each) => each[name] ?? Infinity);
}

type Columns = ReadonlyMap<string, Float64Array>;

function pairedTests(
  columns: ReadonlyMap<string, Columns>,
  baseColumns: Columns,
  base: string,
): ReadonlyMap<string, Readonly<Record<string, Difference>>> {
  const cells: { readonly strategy: string; readonly name: string; readonly off: Float64Array }[] =
    [];
  for (const [strategy, own] of columns) {
    if (strategy === base) continue;
    for (const [name, column] of own) {
      const off = pairedDifferences(column, baseColumns.get(name) as Float64Array);
      cells.push({ strategy, name, off });
    }
  }
  const pValues = holm(cells.map(({ off }) => signedRank(off).pValue));
  const tests = new Map<string, Record<string, Difference>>();
  for (const [i, { strategy, name, off }] of cells.entries()) {
    const differences = tests.get(strategy) ?? {};
    differences[name] = {
      median: quantile(ascending(off), 0.5),
      interval: medianInterval(off, bootstrapSeed),
      pValue: pValues[i] as number,
    };
    tests.set(strategy, differences);
  }
  return tests;
}
