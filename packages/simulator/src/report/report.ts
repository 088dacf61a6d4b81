import type { ContestRow } from '../compare/evaluate.ts';
import type { Values } from '../compare/values.ts';
import { awsBackoffNames } from '../rivals/aws-backoff.ts';
import type { OccScenario } from '../scenario.ts';
import { scenarios } from '../scenarios/scenarios.ts';
import { strategies } from '../strategies.ts';
import type { RowJob, RowResult } from './row-job.ts';
import { contestTable, strategyTable, undecided } from './tables.ts';

const reported = [
  'H1',
  'H1-remaining',
  'H1-status',
  'H2',
  'H2-remaining',
  'H3-1',
  'H3-2',
  'H3-5',
  'H3-30',
  'H3-100',
  'H3-100-fast',
  'H4',
  'H5',
  'H6',
  'H7',
  'H7-faults',
  'H8',
];

const contested = 'H9';

/** Left out: stampedes of a hundred million requests, and an ideal that knows of no queue. */
const left: Readonly<Record<string, readonly string[]>> = {
  'aws-none': reported,
  'retry-after': ['H8', 'H3-100-fast', 'H1-status'], // without a time to come back it never waits
  ideal: ['H7', 'H1-status'],
  weir: ['H1-status'],
};
const gem = ['heroku-backoff', 'heroku-gradual', 'heroku-proportional', 'heroku-remaining'];

/** Who is run before servers that tell little: the others make of them what they make of the rest. */
const only: Readonly<Record<string, readonly string[]>> = {
  'H1-remaining': ['weir-informed', 'weir-unnamed', ...gem],
  'H2-remaining': ['weir-informed', 'weir-unnamed', ...gem],
  'H7-faults': ['weir', 'weir-unnamed', 'heroku-remaining', 'aws-full', 'fixed'],
};

function strategiesOn(scenario: string): readonly string[] {
  const isKnown = scenario === 'H1-status';
  const all = [...strategies.keys()].filter((name) => isKnown || name !== 'weir-informed');
  return only[scenario] ?? all.filter((strategy) => left[strategy]?.includes(scenario) !== true);
}

/** Every row of the report; scenarios that take long come first, so that no core is left with one. */
export function reportJobs(): RowJob[] {
  const longestFirst = ['H8', 'H3-100-fast', 'H5', 'H7', 'H4', ...reported];
  const rows = [...new Set(longestFirst)].flatMap((scenario) =>
    strategiesOn(scenario).map((strategy) => ({ scenario, strategy })),
  );
  return [...awsBackoffNames.map((strategy) => ({ scenario: contested, strategy })), ...rows];
}

const head = `# What the simulator says

<!-- Printed by \`npm run sim\`: do not edit. CI fails where it differs. -->

Each row is one strategy on one scenario: the median over seeds 1 to 100, and in brackets where 95 % of the
seeds lie; a single figure where all are alike. A rival that has made 400,000 requests is stopped
there, ours at 3 million, at five seeds or more; H7 is a twentieth of its size, on three seeds. \`–\` is what
did not come to pass. The same seed gives all strategies the same network. What is measured, and how:
[docs/simulator.md](../../../docs/simulator.md).
`;

/** The whole report, of the results of all its jobs. */
export function reportText(results: readonly RowResult[]): string {
  const sections = reported.map((id) => {
    const rows = results.filter(({ scenario }) => scenario === id);
    const base = rows[0]?.strategy ?? '';
    const alike = undecided(rows, base);
    return [
      `## ${id}`,
      '',
      `${scenarios.get(id)?.sentence}.`,
      '',
      ...strategyTable(rows),
      ...(alike.length === 0
        ? []
        : [
            '',
            `Not to be told from ${base}, seed by seed (Wilcoxon, Holm over the row, 5 %), are:`,
            '',
            ...alike,
          ]),
    ].join('\n');
  });
  const held = results.filter(({ scenario }) => scenario === contested);
  const contests = contestSection(
    scenarios.get(contested) as OccScenario,
    new Map(held.map(({ strategy, values }) => [strategy, values.map(contestRow)])),
  );
  return `${[head, ...sections, contests].join('\n\n').replace('\n\n\n', '\n\n')}\n`;
}

function contestRow({ clients, meanMs, meanCalls }: Values): ContestRow {
  return { clients: clients ?? 0, meanMs: meanMs ?? 0, meanCalls: meanCalls ?? 0 };
}

/** Optimistic contests, by number of clients. */
export function contestSection(
  scenario: OccScenario,
  contests: ReadonlyMap<string, readonly ContestRow[]>,
): string {
  return [
    `## ${scenario.id}`,
    '',
    `${scenario.sentence}. Means of ${scenario.runs} runs, seed 1.`,
    '',
    ...contestTable(contests),
  ].join('\n');
}
