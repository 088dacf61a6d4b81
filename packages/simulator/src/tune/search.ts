import { exp, ln } from '@weir/core/world/transcendental';
import { ascending, median, quantile } from '../statistics/order.ts';
import { type Aim, fit, type Parameter, type Side, type Vector } from './side.ts';

/** A choice of parameters and what it came to. */
export interface Candidate {
  readonly vector: Vector;
  /** Median over seeds, by aim. */
  readonly medians: readonly number[];
  /** Below 1 where every aim is met with room to spare; what is missed counts tenfold. */
  readonly score: number;
}

export type Evaluate = (
  vector: Vector,
  seeds: readonly number[],
) => Promise<readonly (readonly number[])[]>;

export interface SearchOptions {
  /** Runs of a candidate with a seed; the search ends before it would exceed them. */
  readonly evaluations: number;
  readonly seeds: readonly number[];
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly evaluate: Evaluate;
  readonly isStopped: () => boolean;
  readonly onProgress: (done: number) => void;
}

export interface Found {
  readonly start: Candidate;
  readonly best: Candidate;
  /** No other is better in one aim without being worse in another; the best first. */
  readonly front: readonly Candidate[];
  readonly evaluations: number;
}

const brood = 8;
const shownFront = 8;
const wideShare = 0.3;
const otherParentShare = 0.2;

/**
 * Looks for parameters that meet all aims: generations of eight, each changed in a few places from
 * the best so far, or from another one on the Pareto front. The same chance gives the same result, on
 * however many threads.
 */
export async function search(side: Side, options: SearchOptions): Promise<Found> {
  const { evaluations, seeds, isStopped, onProgress } = options;
  const start = await candidateOf(side.start, side.aims, options);
  let best = start;
  let front: readonly Candidate[] = [start];
  let done = seeds.length;
  while (done + brood * seeds.length <= evaluations && !isStopped()) {
    const vectors = Array.from({ length: brood }, () =>
      changed(parentOf(best, front, options.random), side.parameters, options.random),
    );
    const born = await Promise.all(
      vectors.map((vector) => candidateOf(vector, side.aims, options)),
    );
    for (const candidate of born) if (candidate.score < best.score) best = candidate;
    front = paretoFront([...front, ...born]);
    done += brood * seeds.length;
    onProgress(done);
  }
  return { start, best, front: front.slice(0, shownFront), evaluations: done };
}

/** Runs a choice with each seed. */
export async function candidateOf(
  vector: Vector,
  aims: readonly Aim[],
  { evaluate, seeds }: Pick<SearchOptions, 'evaluate' | 'seeds'>,
): Promise<Candidate> {
  const values = await evaluate(vector, seeds);
  const medians: number[] = [];
  let score = 0;
  for (const [place, { atMost }] of aims.entries()) {
    const sorted = ascending(values.map((run) => run[place] as number));
    const middle = median(sorted);
    medians.push(middle);
    score += costOf(middle / atMost, quantile(sorted, 0.95) / (1.5 * atMost)) / aims.length;
  }
  return { vector, medians, score };
}

const mostCounted = 5; // beyond, worse is not worse: else one aim far off hides all others
const missing = 1; // what a miss costs however near it is, so that none is traded for a little more elsewhere

function costOf(middle: number, p95: number): number {
  const missed = Math.min(mostCounted, Math.max(0, middle - 1));
  const missedOften = Math.min(mostCounted, Math.max(0, p95 - 1));
  const misses = (missed > 0 ? missing : 0) + (missedOften > 0 ? missing : 0);
  return misses + 10 * missed + 5 * missedOften + 0.5 * Math.min(1, middle);
}

/** Those that no other beats everywhere, the best first. */
export function paretoFront(all: readonly Candidate[]): readonly Candidate[] {
  const unlike = all.filter(
    (one, place) => !all.slice(0, place).some((other) => isLike(one, other)),
  );
  const front = unlike.filter((one) => !unlike.some((other) => dominates(other, one)));
  return front.sort((a, b) => a.score - b.score);
}

function isLike(one: Candidate, other: Candidate): boolean {
  return one.medians.every((value, place) => value === other.medians[place]);
}

function dominates(one: Candidate, other: Candidate): boolean {
  let isBetter = false;
  for (const [place, value] of one.medians.entries()) {
    const theirs = other.medians[place] as number;
    if (value > theirs) return false;
    if (value < theirs) isBetter = true;
  }
  return isBetter;
}

function parentOf(best: Candidate, front: readonly Candidate[], random: () => number): Candidate {
  if (random() >= otherParentShare) return best;
  return front[Math.floor(random() * front.length)] ?? best;
}

/** One to four places differ: a little, or by anything in their bounds. */
function changed(
  { vector }: Candidate,
  parameters: readonly Parameter[],
  random: () => number,
): Vector {
  const made = [...vector];
  const isWide = random() < wideShare;
  for (let left = 1 + Math.floor(random() * 4); left > 0; left -= 1) {
    const place = Math.floor(random() * parameters.length);
    const parameter = parameters[place] as Parameter;
    made[place] = fit(parameter, moved(parameter, made[place] as number, isWide, random()));
  }
  return made;
}

function moved({ least, most, isLog }: Parameter, value: number, isWide: boolean, lot: number) {
  if (isLog === true) {
    return isWide ? least * exp(lot * ln(most / least)) : value * exp((lot - 0.5) / 2);
  }
  return isWide ? least + lot * (most - least) : value + (lot - 0.5) * 0.3 * (most - least);
}
