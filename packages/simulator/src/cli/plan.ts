import { lineValue, plan } from '../plan/plan.ts';
import { figuresTable, planTable, surgeTable } from '../plan/print.ts';
import { surge } from '../plan/surge.ts';
import { type PlanTerms, planTerms, problemsOf, type TermName, terms } from '../plan/terms.ts';
import { exits, Misuse, type Outcome } from './outcome.ts';

export interface PlanOptions extends Readonly<Partial<Record<TermName, string>>> {
  readonly surge?: string;
  readonly quotas?: string;
}

/** Sizes a deployment. */
export function planCommand(options: PlanOptions): Outcome {
  const planned = plan(termsFrom(options));
  const factors = numbersFrom('--surge', options.surge);
  const [quotas = Infinity] = numbersFrom('--quotas', options.quotas);
  const surges = factors.map((factor) => surge(planned, factor, quotas));
  const surgeLines = factors.length === 0 ? [] : ['', ...surgeTable(planned, factors, quotas)];
  return {
    exit: exits.ok,
    lines: [...planTable(planned), ...surgeLines, '', ...figuresTable()],
    json: { ...planned, ...(factors.length === 0 ? {} : { surges }) },
    csv: [
      ['line', 'value', 'unit', 'formula'],
      ...planned.lines.map(({ name, unit, formula }) => [
        name,
        lineValue(planned, name),
        unit,
        formula,
      ]),
    ],
  };
}

function termsFrom(options: PlanOptions): PlanTerms {
  const given: Partial<Record<TermName, number>> = {};
  for (const { name, otherwise } of terms) {
    const text = options[name];
    if (text !== undefined) given[name] = numberFrom(`--${kebab(name)}`, text);
    else if (otherwise === undefined) throw new Misuse(`--${kebab(name)} is missing`);
  }
  const complete = planTerms(given as PlanTerms);
  const problems = problemsOf(complete);
  if (problems.length > 0) throw new Misuse(...problems.map((problem) => `--${kebab(problem)}`));
  return complete;
}

/** `peakRatio` is `--peak-ratio` on the command line. */
export function kebab(name: string): string {
  return name.replace(/^\w+/, (word) =>
    word.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
  );
}

function numbersFrom(option: string, text: string | undefined): number[] {
  return text === undefined ? [] : text.split(',').map((part) => numberFrom(option, part));
}

function numberFrom(option: string, text: string): number {
  const value = Number(text.replaceAll('_', ''));
  if (text !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new Misuse(`${option}: expected a number, not ${text}`);
}
