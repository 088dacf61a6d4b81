import { readFile, writeFile } from 'node:fs/promises';
import { parseTuned, type Tuned } from '@weir/core/tuned';
import { systemWorld } from '@weir/core/world/system';
import type { Candidate } from '../tune/search.ts';
import type { SideRecipe } from '../tune/sides.ts';
import { type TunedSide, tune } from '../tune/tune.ts';
import { ProgressLine } from './long-work.ts';
import { columns, exits, Misuse, type Outcome, type Output } from './outcome.ts';
import { seedsFrom } from './strategy-source.ts';

export interface TuneCommandOptions {
  readonly side: 'client' | 'server' | 'both';
  readonly scenarios?: string;
  readonly evaluations: string;
  readonly seeds: string;
  readonly heldOut: string;
  readonly seed: string;
  readonly start?: string;
  readonly plan?: string;
  readonly out?: string;
  readonly threads?: string;
}

/** Searches parameters of both sides and writes the file that server and SDK read. */
export async function tuneCommand(options: TuneCommandOptions, output: Output): Promise<Outcome> {
  const { side, evaluations, seed, threads } = options;
  const start = options.start === undefined ? undefined : await readTuned(options.start);
  const plan = options.plan === undefined ? undefined : planFrom(options.plan);
  const names = side === 'both' ? (['client', 'server'] as const) : [side];
  let isStopped = false;
  const ignore = output.onInterrupt(() => {
    isStopped = true;
  });
  const total = whole('--evaluations', evaluations);
  const progress = new ProgressLine(output, (done) => `tune: ${done} of ${total} evaluations`);
  try {
    const { tuned, sides } = await tune({
      sides: names.map((name): SideRecipe => recipeOf(name, options, start)),
      evaluations: total,
      seeds: seedsFrom(options.seeds),
      heldOut: seedsFrom(options.heldOut),
      seed: whole('--seed', seed),
      ...(threads === undefined ? {} : { threads: whole('--threads', threads) }),
      before: start,
      plan,
      command: commandOf(options),
      isStopped: () => isStopped,
      onProgress: (_, done) => progress.show(done, systemWorld.now()),
    });
    progress.clear();
    if (options.out !== undefined) {
      await writeFile(options.out, `${JSON.stringify(tuned, undefined, 2)}\n`);
    }
    return {
      exit: isStopped ? exits.interrupted : exits.ok,
      lines: sides.flatMap(linesOf),
      notes: isStopped ? ['interrupted: this is the best of what was tried until then'] : [],
      json: tuned,
    };
  } finally {
    progress.clear();
    ignore();
  }
}

function recipeOf(
  name: SideRecipe['name'],
  { scenarios }: TuneCommandOptions,
  start: Tuned | undefined,
): SideRecipe {
  return {
    name,
    scenarios: scenarios?.split(','),
    startPace: start?.client.throttle.options.pace,
    startSettings: { ...start?.server.settings, ...start?.client.batch, ...burstOf(start) },
  };
}

/** Of the one plan and quota that a file speaks of. */
function burstOf(start: Tuned | undefined): { readonly burst?: number } {
  const [quotas = {}] = Object.values(start?.server.plans ?? {});
  const [terms] = Object.values(quotas);
  return terms === undefined ? {} : { burst: terms.burst };
}

function planFrom(text: string): { readonly plan: string; readonly quota: string } {
  const [, plan, quota] = /^([^/]+)\/([^/]+)$/.exec(text) ?? [];
  if (plan !== undefined && quota !== undefined) return { plan, quota };
  throw new Misuse(`--plan: expected PLAN/QUOTA as the file of tenants names them, not ${text}`);
}

function commandOf(options: TuneCommandOptions): string {
  const given = Object.entries({ ...options, out: undefined })
    .filter(([name, value]) => value !== undefined && !['json', 'csv', 'threads'].includes(name))
    .map(([name, value]) => `--${name === 'heldOut' ? 'held-out' : name} ${value}`);
  return `weir-sim tune ${given.join(' ')}`;
}

async function readTuned(path: string): Promise<Tuned> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new Misuse(`--start: ${path}: ${(error as Error).message}`);
  }
  const tuned = parseTuned(value);
  if (!('problems' in tuned)) return tuned;
  throw new Misuse(...tuned.problems.map((problem) => `${path}: ${problem}`));
}

function whole(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new Misuse(`${option}: expected a whole number from 1 up, not ${text}`);
}

/** What each aim was and is on held-out seeds, and the front that the search left. */
function linesOf({ side, found, before, after, isBetter }: TunedSide): readonly string[] {
  const rows = side.aims.map(({ scenario, name, atMost }, place) => [
    `${scenario} ${name}`,
    short(atMost),
    short(before.medians[place]),
    short(after.medians[place]),
  ]);
  const verdict = isBetter ? 'better: taken' : 'not better: the start is kept';
  const front = found.front.map((candidate: Candidate) => [
    candidate.score.toFixed(3),
    ...candidate.medians.map((value) => short(value)),
  ]);
  return [
    `${side.name}: ${found.evaluations} evaluations; on held-out seeds ${before.score.toFixed(3)} → ${after.score.toFixed(3)}, ${verdict}`,
    ...columns([['median on held-out seeds', 'goal', 'before', 'found'], ...rows]),
    '',
    'Pareto front on the seeds searched, best first:',
    ...columns([
      ['score', ...side.aims.map(({ scenario, name }) => `${scenario} ${name}`)],
      ...front,
    ]),
    '',
  ];
}

function short(value: number | undefined): string {
  if (value === undefined) return '';
  return Number.isFinite(value) ? `${Number(value.toPrecision(3))}` : 'never';
}
