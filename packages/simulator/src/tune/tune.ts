import type { Tuned, TunedGoal } from '@weir/core/tuned';
import { seededRandom } from '@weir/core/world/random';
import { paceOf } from './client-side.ts';
import { Evaluators } from './evaluators.ts';
import { type Candidate, candidateOf, type Found, search } from './search.ts';
import { batchOf, burstOf, settingsOf } from './server-side.ts';
import type { Side, Vector } from './side.ts';
import { type SideRecipe, sideOf } from './sides.ts';

export interface TuneOptions {
  readonly sides: readonly SideRecipe[];
  /** For each side. */
  readonly evaluations: number;
  readonly seeds: readonly number[];
  readonly heldOut: readonly number[];
  readonly seed: number;
  /** Threads; as many as there are cores where it is left out. */
  readonly threads?: number;
  /** What was tuned before: a side that is not searched now stays as it is there. */
  readonly before?: Tuned | undefined;
  /** Whose burst is tuned; it is written only where this is known. */
  readonly plan?: { readonly plan: string; readonly quota: string } | undefined;
  readonly command: string;
  readonly isStopped: () => boolean;
  readonly onProgress: (side: Side['name'], done: number) => void;
}

/** One side, searched and held to seeds that it was not searched on. */
export interface TunedSide {
  readonly side: Side;
  readonly found: Found;
  readonly before: Candidate;
  readonly after: Candidate;
  /** Whether what was found is better on the held-out seeds; else the start is kept. */
  readonly isBetter: boolean;
}

/** Searches each side, confirms what it finds on held-out seeds, and makes the file of it. */
export async function tune(options: TuneOptions): Promise<{
  readonly tuned: Tuned;
  readonly sides: readonly TunedSide[];
}> {
  const sides: TunedSide[] = [];
  for (const recipe of options.sides) sides.push(await tuneSide(recipe, options));
  const vectorOf = (name: Side['name']) => {
    const of = sides.find(({ side }) => side.name === name);
    return of === undefined ? undefined : (of.isBetter ? of.after : of.before).vector;
  };
  const [client, server] = [vectorOf('client'), vectorOf('server')];
  const { before } = options;
  const kept = before?.goals.filter(({ side }) => sides.every((of) => of.side.name !== side)) ?? [];
  const tuned: Tuned = {
    version: 1,
    command: kept.length === 0 ? options.command : `${before?.command} && ${options.command}`,
    seeds: { tune: options.seeds, heldOut: options.heldOut },
    goals: [...kept, ...sides.flatMap(goalsOf)],
    client: { ...throttleOf(client, before), ...batchOfSide(server, before) },
    server: server === undefined ? (before?.server ?? { settings: {} }) : serverOf(server, options),
  };
  return { tuned, sides };
}

function throttleOf(
  vector: Vector | undefined,
  before: Tuned | undefined,
): Pick<Tuned['client'], 'throttle'> {
  const kept = before?.client.throttle ?? ({ policy: 'adaptive', options: {} } as const);
  if (vector === undefined) return { throttle: kept };
  return { throttle: { policy: 'adaptive', options: { ...kept.options, pace: paceOf(vector) } } };
}

function batchOfSide(
  vector: Vector | undefined,
  before: Tuned | undefined,
): Pick<Tuned['client'], 'batch'> {
  const batch = vector === undefined ? before?.client.batch : batchOf(vector);
  return batch === undefined ? {} : { batch };
}

function serverOf(vector: Vector, { plan }: TuneOptions): Tuned['server'] {
  const settings = settingsOf(vector);
  if (plan === undefined) return { settings };
  return { settings, plans: { [plan.plan]: { [plan.quota]: { burst: burstOf(vector) } } } };
}

async function tuneSide(recipe: SideRecipe, options: TuneOptions): Promise<TunedSide> {
  const { seeds, heldOut, evaluations, seed, threads, isStopped, onProgress } = options;
  const side = sideOf(recipe);
  const evaluators = new Evaluators(recipe, threads);
  try {
    const evaluate: Evaluators['evaluate'] = (vector, of) => evaluators.evaluate(vector, of);
    const { uniform: random } = seededRandom(seed);
    const found = await search(side, {
      evaluations,
      seeds,
      random,
      evaluate,
      isStopped,
      onProgress: (done) => onProgress(side.name, done),
    });
    const [before, after] = await Promise.all(
      [found.start, found.best].map(({ vector }) =>
        candidateOf(vector, side.aims, { evaluate, seeds: heldOut }),
      ),
    );
    if (before === undefined || after === undefined) throw new Error('two were asked for');
    return { side, found, before, after, isBetter: after.score < before.score };
  } finally {
    await evaluators.close();
  }
}

function goalsOf({ side, before, after, isBetter }: TunedSide): readonly TunedGoal[] {
  const kept = isBetter ? after : before;
  return side.aims.map(({ scenario, name, atMost }, place) => ({
    side: side.name,
    scenario,
    name,
    atMost,
    before: finite(before.medians[place] as number),
    after: finite(kept.medians[place] as number),
  }));
}

/** JSON has no Infinity; a run that never got there counts as the largest number there is. */
function finite(value: number): number {
  return Math.min(Number.MAX_VALUE, value);
}
