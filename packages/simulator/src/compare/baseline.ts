import { z } from 'zod';
import { medianInterval } from '../statistics/bootstrap.ts';
import { holm } from '../statistics/holm.ts';
import { median } from '../statistics/order.ts';
import { signedRank } from '../statistics/wilcoxon.ts';
import { columnOf, pairedDifferences, type Runs, significant } from './comparison.ts';
import { infoOf, type Values } from './values.ts';

const values = z.record(z.string(), z.number().nullable());

/** What `compare --json` prints and `--baseline` reads: the values of every run. */
export const baselineSchema: z.ZodType<Baseline> = z.object({
  scenario: z.string(),
  seeds: z.array(z.number().int().min(0)).min(1),
  runs: z.record(z.string(), z.array(values)),
});

export interface Baseline {
  readonly scenario: string;
  readonly seeds: number[];
  readonly runs: Record<string, Values[]>;
}

/** A measure that is not what it was. */
export interface Drift {
  readonly strategy: string;
  readonly measure: string;
  readonly before: number;
  readonly after: number;
  /** Median over seeds of after minus before. */
  readonly median: number;
  readonly pValue: number;
  readonly is: 'worse' | 'better' | 'other';
}

/**
 * What differs significantly from a baseline, worst first: paired by seed, tested by Wilcoxon, corrected by
 * Holm over all measures and strategies that both have. A difference of less than `tolerance` of the
 * old median is none.
 */
export function driftsFrom(baseline: Baseline, runs: Runs, tolerance: number): Drift[] {
  const cells = [...runs].flatMap(([strategy, after]) => {
    const before = baseline.runs[strategy];
    if (before === undefined) return [];
    const names = Object.keys(after[0] ?? {}).filter((name) => name in (before[0] ?? {}));
    return names.map((name) =>
      cellOf(strategy, name, columnOf(before, name), columnOf(after, name)),
    );
  });
  const pValues = holm(cells.map(({ off }) => signedRank(off).pValue));
  const drifts = cells.map(({ off: _, ...cell }, i) => ({ ...cell, pValue: pValues[i] as number }));
  return drifts
    .filter(({ pValue, median: by, before }) => {
      return pValue < significant && Math.abs(by) > tolerance * Math.abs(before);
    })
    .sort((a, b) => rankOf(a) - rankOf(b) || a.pValue - b.pValue);
}

function cellOf(strategy: string, measure: string, before: Float64Array, after: Float64Array) {
  const off = pairedDifferences(after, before);
  const by = median(off);
  const { better } = infoOf(measure);
  const isLower = by < 0 || (by === 0 && medianInterval(off, 1).low < 0);
  const is =
    better === undefined
      ? ('other' as const)
      : (better === 'lower') === isLower
        ? ('better' as const)
        : ('worse' as const);
  return { strategy, measure, before: median(before), after: median(after), median: by, is, off };
}

function rankOf({ is }: Drift): number {
  return is === 'worse' ? 0 : is === 'better' ? 1 : 2;
}
