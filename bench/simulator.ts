import { execFile } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { assess, type Tier } from '@weir/simulator/goals';
import { weir, weirUnnamed } from '@weir/simulator/ours';
import { runScenario } from '@weir/simulator/run';
import { h1 } from '@weir/simulator/scenarios/h1-heroku-gcra';
import { strategies } from '@weir/simulator/strategies';
import { Evaluators } from '@weir/simulator/tune/evaluators';
import { describeMachine, median } from './machine.ts';

const run = promisify(execFile);
const contenders = ['weir', 'weir-unnamed', 'heroku-remaining', 'aws-adaptive', 'retry-after'];
const crowds = ['weir', 'weir-unnamed', 'heroku-remaining', 'ideal'];
const crowd = fileURLToPath(new URL('./simulate-crowd.ts', import.meta.url));

/** How fast virtual time passes, and whether our throttle meets its goals on a hundred seeds. */
export async function runSimulator(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string', default: '100' },
      seeds: { type: 'string', default: '100' },
      evaluations: { type: 'string', default: '10000' },
    },
  });
  const table = [
    ...speedOfH1(Number(values.runs)),
    '',
    ...(await speedOfCrowds()),
    '',
    await speedOfTuning(Number(values.evaluations)),
    '',
    ...goalsOf(Number(values.seeds)),
  ].join('\n');
  console.log(table);
  const title = `${new Date().toISOString().slice(0, 16)} · ${describeMachine()}`;
  const history = new URL('./history-simulator.md', import.meta.url);
  await appendFile(history, `\n## ${title}\n\n${table}\n`);
}

/** CPU time, since others may be at work on this machine; each warmed up. */
function speedOfH1(runs: number): string[] {
  const rows = contenders.map((name) => {
    const strategy = strategies.get(name) ?? weir;
    for (let seed = 1; seed <= 30; seed += 1) runScenario(h1, strategy, seed);
    let requests = 0;
    const times: number[] = [];
    for (let seed = 1; seed <= runs; seed += 1) {
      const before = process.cpuUsage();
      const result = runScenario(h1, strategy, seed);
      const { user, system } = process.cpuUsage(before);
      times.push((user + system) / 1_000);
      requests += result.clients.requests.reduce((sum, count) => sum + count, 0);
    }
    const totalMs = times.reduce((sum, ms) => sum + ms, 0);
    const perSecond = (requests / totalMs / 1_000).toFixed(2);
    return `| ${name} | ${median(times).toFixed(2)} | ${perSecond} |`;
  });
  return [
    '| H1 | ms CPU a run, median | million requests a CPU second |',
    '|---|---|---|',
    ...rows,
  ];
}

/** Ten thousand clients for an hour at 1,000/s, each strategy in a process of its own. */
async function speedOfCrowds(): Promise<string[]> {
  const rows: string[] = [];
  for (const name of crowds) {
    const { stdout } = await run(process.execPath, [crowd, name], { maxBuffer: 1_048_576 });
    const { requests, wallMs, cpuMs, rssMiB } = JSON.parse(stdout) as Record<string, number>;
    rows.push(`| ${name} | ${requests} | ${wallMs} | ${cpuMs} | ${rssMiB} |`);
  }
  const header = '| 10,000 clients, an hour, 1,000/s | requests | ms | ms CPU | MiB, peak |';
  return [header, '|---|---|---|---|---|', ...rows];
}

/** Candidates × seeds of H1 on all cores. */
async function speedOfTuning(evaluations: number): Promise<string> {
  const evaluators = new Evaluators({ name: 'client', scenarios: ['H1'] });
  const start = [
    6, 13.2, 5.75, 5.83, 9.16, 0.86, 0.844, 0.568, 0.0107, 0.6, 4.79, 0.965, 0.03, 0.497,
  ];
  const seeds = Array.from({ length: 20 }, (_, i) => i + 1);
  await Promise.all([1, 2].map(() => evaluators.evaluate(start, seeds)));
  const beganMs = performance.now();
  const candidates = Array.from({ length: evaluations / seeds.length }, () =>
    evaluators.evaluate(start, seeds),
  );
  await Promise.all(candidates);
  const seconds = (performance.now() - beganMs) / 1_000;
  await evaluators.close();
  return `${evaluations} tuning evaluations of H1: ${seconds.toFixed(1)} s`;
}

function goalsOf(count: number): string[] {
  const seeds = Array.from({ length: count }, (_, i) => i + 1);
  const rows = (['a', 'b'] as const).flatMap((tier: Tier) =>
    assess(tier === 'b' ? weir : weirUnnamed, tier, seeds).map(
      ({ goal, atMost, median: middle, p95, isMet }) =>
        `| ${tier} | ${goal.scenario} ${goal.name} | ${short(atMost)} | ${short(middle)} | ${short(p95)} | ${isMet ? 'yes' : 'no'} |`,
    ),
  );
  return [
    `| tier | goal, ${count} seeds | at most | median | p95 | met |`,
    '|---|---|---|---|---|---|',
    ...rows,
  ];
}

function short(value: number): string {
  return Number.isFinite(value) ? `${Number(value.toPrecision(3))}` : 'never';
}
