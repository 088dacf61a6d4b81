import { grouped, shown } from '../cli/numbers.ts';
import { columnOf, compareRuns, significant, spreadOf } from '../compare/comparison.ts';
import type { ContestRow } from '../compare/evaluate.ts';
import { infoOf, type Values } from '../compare/values.ts';
import type { RowResult } from './row-job.ts';

const columnsOfReport = [
  'retryRate',
  'maxSleepMs',
  'requestCountStdev',
  'quotaUsed',
  'timeToClearMs',
  'p99WaitMs',
  'jain',
  'peakRefusedPerSecond',
];
const columnsOfServers = [
  'refusedShare',
  'overloadedShare',
  'lostShare',
  'duplicates',
  'goodputPerSecond',
  'p99WaitMs',
  'p99AcceptToDurableMs',
  'puts',
  'dollarsPerMillionEvents',
];

/** The measures that have a meaning on a scenario, in the order of the report's columns. */
export function columnsFor(rows: readonly RowResult[]): readonly string[] {
  const [first] = rows[0]?.values ?? [];
  const phases = Object.keys(first ?? {}).filter((name) => /After\d+s$/.test(name));
  if ('goodputPerSecond' in (first ?? {})) return columnsOfServers;
  const hasMeaning = (name: string) =>
    rows.some(({ values }) => values.some((each) => (each[name] ?? null) !== null));
  return [...columnsOfReport, ...phases].filter(hasMeaning);
}

/** A table of Markdown: a row for each strategy, a column for each measure. */
export function strategyTable(rows: readonly RowResult[]): string[] {
  const names = columnsFor(rows);
  return [
    `| strategy | seeds | ${names.map((name) => infoOf(name).title).join(' | ')} |`,
    `|---|---|${names.map(() => '---|').join('')}`,
    ...rows.map((row) => strategyRow(row, names)),
  ];
}

/** Depends on this strategy's runs alone, so that a row can be checked without the others. */
export function strategyRow({ strategy, values }: RowResult, names: readonly string[]): string {
  const cells = names.map((name) => spreadCell(values, name));
  return `| ${strategy} | ${values.length} | ${cells.join(' | ')} |`;
}

function spreadCell(values: readonly Values[], name: string): string {
  const { unit } = infoOf(name);
  const { median, range } = spreadOf(columnOf(values, name));
  const [middle, low, high] = [median, range.low, range.high].map((value) => shown(value, unit));
  return low === middle && high === middle ? `${middle}` : `${middle} [${low}, ${high}]`;
}

const pairsAtLeast = 12; // with fewer, not even a difference that is always there is significant

/** In which measures a strategy cannot be told from the base; a line each, none where all differ. */
export function undecided(rows: readonly RowResult[], base: string): string[] {
  const names = columnsFor(rows);
  const own = rows.find(({ strategy }) => strategy === base);
  if (own === undefined) return [];
  return rows.flatMap((row) => {
    if (row === own) return [];
    const length = Math.min(row.values.length, own.values.length);
    if (length < pairsAtLeast) return [];
    const runs = new Map(
      [own, row].map((each) => [each.strategy, picked(each.values, length, names)]),
    );
    const seeds = Array.from({ length }, (_, i) => i + 1);
    // Each line is a table of its own to Holm: what it says does not depend on the other rows.
    const [, compared] = compareRuns(row.scenario, seeds, runs, base).rows;
    const alike = Object.entries(compared?.differences ?? {})
      .filter(([, { pValue }]) => pValue >= significant)
      .map(([name]) => infoOf(name).title);
    return alike.length === 0 ? [] : [`- ${row.strategy}: ${alike.join(', ')}`];
  });
}

function picked(values: readonly Values[], length: number, names: readonly string[]): Values[] {
  return values
    .slice(0, length)
    .map((each) => Object.fromEntries(names.map((name) => [name, each[name] ?? null])));
}

/** Mean time and calls of the contests, by number of clients. */
export function contestTable(contests: ReadonlyMap<string, readonly ContestRow[]>): string[] {
  const names = [...contests.keys()];
  const [first = []] = contests.values();
  return [
    `| clients | ${names.map((name) => `${name}: ms`).join(' | ')} | ${names.map((name) => `${name}: calls`).join(' | ')} |`,
    `|---|${names.map(() => '---|---|').join('')}`,
    ...first.map(({ clients }, i) => {
      const rows = [...contests.values()].map((each) => each[i] as ContestRow);
      const ms = rows.map(({ meanMs }) => grouped(meanMs));
      const calls = rows.map(({ meanCalls }) => grouped(meanCalls));
      return `| ${clients} | ${[...ms, ...calls].join(' | ')} |`;
    }),
  ];
}
