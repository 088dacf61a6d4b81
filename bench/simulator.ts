import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
const plain = 'plain';
const replayer = fileURLToPath(new URL('./simulate-replay.ts', import.meta.url));
const crowd = fileURLToPath(new URL('./simulate-crowd.ts', import.meta.url));

/** How fast virtual time passes, and whether our throttle meets its goals on a hundred seeds. */
export async function runSimulator(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string', default: '100' },
      seeds: { type: 'string', default: '100' },
      evaluations: { type: 'string', default: '10000' },
      rounds: { type: 'string', default: '3' },
      lines: { type: 'string', default: '10000000' },
    },
  });
  const table = [
    ...speedOfH1(Number(values.runs)),
    '',
    ...(await speedOfCrowds(Number(values.rounds))),
    '',
    await speedOfTuning(Number(values.evaluations)),
    '',
    await speedOfReplay(Number(values.lines)),
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
    '| H1: at most 3 ms, at least 1.5 million | ms CPU a run, median | million requests a CPU second |',
    '|---|---|---|',
    ...rows,
  ];
}

/** What a process of its own measured. */
interface Measured {
  readonly requests: number;
  readonly cpuMs: number;
  readonly rssMiB: number;
}

async function measuredBy(program: string, argument: string): Promise<Measured> {
  const { stdout } = await run(process.execPath, [program, argument], { maxBuffer: 1_048_576 });
  return JSON.parse(stdout) as Measured;
}

/**
 * Ten thousand clients for an hour at 1,000/s, each strategy in a process of its own and in turn; the
 * least of the rounds counts. What a plain simulator takes a request is measured in between.
 */
async function speedOfCrowds(rounds: number): Promise<string[]> {
  const measured = new Map<string, Measured>();
  for (let round = 0; round < rounds; round += 1) {
    for (const name of [plain, ...crowds]) {
      const now = await measuredBy(crowd, name);
      const best = measured.get(name);
      if (best === undefined || now.cpuMs < best.cpuMs) measured.set(name, now);
    }
  }
  const perRequest = ({ cpuMs, requests }: Measured) => cpuMs / requests;
  const yardstick = perRequest(measured.get(plain) as Measured);
  const rows = [...measured].map(([name, each]) => {
    const cells = [
      (each.cpuMs / 1_000).toFixed(2),
      (1_000 * perRequest(each)).toFixed(2),
      (perRequest(each) / yardstick).toFixed(2),
    ];
    return `| ${name} | ${each.requests} | ${cells.join(' | ')} | ${each.rssMiB} |`;
  });
  return [
    '| 10,000 clients, an hour, 1,000/s: at most 3 s, 300 MiB | requests | s CPU | µs CPU a request | ÷ plain | MiB, peak |',
    '|---|---|---|---|---|---|',
    ...rows,
  ];
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
  const before = process.cpuUsage();
  const candidates = Array.from({ length: evaluations / seeds.length }, () =>
    evaluators.evaluate(start, seeds),
  );
  await Promise.all(candidates);
  const seconds = (performance.now() - beganMs) / 1_000;
  const { user, system } = process.cpuUsage(before); // of all threads
  const cpuSeconds = (user + system) / 1_000_000;
  await evaluators.close();
  return `${evaluations} tuning evaluations of H1, at most 60 s CPU for 10,000: ${cpuSeconds.toFixed(1)} s CPU, ${seconds.toFixed(1)} s`;
}

/** A trace as the server writes it, read from a file and held against a quota. */
async function speedOfReplay(lines: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-bench-'));
  try {
    const path = join(folder, 'trace.ndjson');
    const stepUs = Math.floor(86_400_000_000 / lines);
    await writeFile(path, traceText(lines, stepUs));
    const { requests, cpuMs, rssMiB } = await measuredBy(replayer, path);
    const forTenMillion = (cpuMs / 1_000) * (10_000_000 / requests);
    return `replay of ${requests} lines, at most 10 s for 10 million: ${(cpuMs / 1_000).toFixed(2)} s CPU, ${forTenMillion.toFixed(1)} s for 10 million, ${rssMiB} MiB at its peak`;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function* traceText(lines: number, stepUs: number): Iterable<string> {
  const atOnce = 10_000;
  for (let begun = 0; begun < lines; begun += atOnce) {
    let text = '';
    for (let i = begun; i < Math.min(lines, begun + atOnce); i += 1) {
      text += `{"us":${i * stepUs},"key":"k${(i * 7) % 500}","events":1,"bytes":${200 + (i % 1_600)}}\n`;
    }
    yield text;
  }
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
