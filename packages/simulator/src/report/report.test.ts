import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { evaluateOcc } from '../compare/evaluate.ts';
import { awsBackoffNames } from '../rivals/aws-backoff.ts';
import { h9 } from '../scenarios/h9-aws-occ.ts';
import { contestSection, reportJobs } from './report.ts';
import { runRow } from './row-job.ts';
import { runRows } from './run-rows.ts';
import { columnsFor, strategyRow, undecided } from './tables.ts';

const report = readFileSync(new URL('../report.md', import.meta.url), 'utf8');
const checked = ['H1', 'H2'].flatMap((scenario) =>
  ['weir', 'weir-unnamed', 'ideal', 'heroku-remaining'].map((strategy) => ({ scenario, strategy })),
);

/** This checks a share of the report; `npm run sim -- --check` checks all of it. */
const share = `${checked.length} of ${reportJobs().length} rows, and H9 up to 50 clients`;

test(`report.md says what the simulator does: ${share}`, () => {
  for (const scenario of new Set(checked.map((job) => job.scenario))) {
    const section = report.split(`\n## ${scenario}\n`)[1]?.split('\n## ')[0] ?? '';
    const rows = checked.filter((job) => job.scenario === scenario).map(runRow);
    const names = columnsFor(rows);
    const now = rows.map((row) => strategyRow(row, names));
    const others = now.filter((row) => !section.split('\n').includes(row));
    expect(others, 'run `npm run sim`, and look at what has changed').toEqual([]);
  }
}, 120_000);

test('report.md says what the contests of H9 end with, up to 50 clients', () => {
  const few = { ...h9, clients: [10, 20, 30, 40, 50] };
  const small = contestSection(
    few,
    new Map(awsBackoffNames.map((name) => [name, evaluateOcc(few, name, 1)])),
  );
  const lines = small.split('\n').filter((line) => /^\| \d+ /.test(line));
  expect(lines).toHaveLength(5);
  for (const line of lines) expect(report.split('\n')).toContain(line);
});

test('rows are the same on however many cores, and in the order of their jobs', async () => {
  const jobs = [
    { scenario: 'H2', strategy: 'heroku-remaining' },
    { scenario: 'H2', strategy: 'ideal' },
  ];
  const seen: number[] = [];
  const rows = await runRows(jobs, (done) => seen.push(done));
  expect(rows).toEqual(jobs.map(runRow));
  expect(seen).toEqual([1, 2]);
});

test('says which measures cannot be told apart, and leaves out those with too few seeds', () => {
  const [own, rival] = ['ideal', 'heroku-backoff'].map((strategy) =>
    runRow({ scenario: 'H2', strategy }),
  ) as [ReturnType<typeof runRow>, ReturnType<typeof runRow>];
  expect(undecided([own, rival], 'ideal')).toEqual([
    '- heroku-backoff: retry rate, max sleep, stdev, quota used, time to clear, p99 wait, Jain, peak 429/s',
  ]);
  const few = { ...rival, values: rival.values.slice(0, 5) };
  expect(undecided([own, few], 'ideal')).toEqual([]);
});
