import { grouped, short } from '../cli/numbers.ts';
import { figures } from './figures.ts';
import { lineValue, type Plan, type PlanLine } from './plan.ts';
import { type Surge, surge } from './surge.ts';

/** A plan as a Markdown table: each line with its value, its formula and what that rests on. */
export function planTable({ terms, lines }: Plan): string[] {
  return [
    '| line | value | formula | rests on |',
    '|---|---|---|---|',
    ...lines.map((line) => {
      const given = line.terms.map(
        (name) => `${name} = ${grouped(terms[name], decimals(terms[name]))}`,
      );
      const measured = line.figures.map((name) => `${name} = ${figures[name].value}`);
      const name = line.says === '' ? line.name : `${line.name} (${line.says})`;
      return `| ${name} | ${valueText(line)} | ${line.formula} | ${[...given, ...measured].join('; ')} |`;
    }),
  ];
}

/** The measured figures that a plan rests on, and where they stand. */
export function figuresTable(): string[] {
  return [
    '| figure | value | what was measured | where |',
    '|---|---|---|---|',
    ...Object.entries(figures).map(([name, { value, unit, says, file }]) => {
      return `| ${name} | ${short(value)} ${unit} | ${says} | ${file} |`;
    }),
  ];
}

/** What becomes of a deployment at each multiple of its forecast. */
export function surgeTable(plan: Plan, factors: readonly number[], quotaFactor: number): string[] {
  const rows = factors.map((factor) => surgeRow(plan, surge(plan, factor, quotaFactor)));
  return [
    '| × forecast | offered at the peak | stored | refused | no answer in time | busy | processes to carry it | servers | $ a month more |',
    '|---|---|---|---|---|---|---|---|---|',
    ...rows,
  ];
}

function surgeRow(plan: Plan, each: Surge): string {
  const share = (part: number) => `${grouped((100 * part) / each.offered, 1)} %`;
  const more = Math.max(0, each.serversNeeded - lineValue(plan, 'servers'));
  const cells = [
    short(each.factor),
    `${grouped(each.offered)}/s`,
    `${grouped(each.stored)}/s (${share(each.stored)})`,
    share(each.refused),
    share(each.unanswered),
    `${grouped(100 * each.busy)} %`,
    grouped(each.processesNeeded),
    grouped(each.serversNeeded),
    `$${grouped(more * plan.terms.serverDollars)}`,
  ];
  return `| ${cells.join(' | ')} |`;
}

function valueText({ value, unit }: PlanLine): string {
  if (unit === '$ a month') return `$${grouped(value)} a month`;
  return unit.startsWith('/') ? `${short(value)}${unit}` : `${short(value)} ${unit}`.trimEnd();
}

function decimals(value: number): number {
  return Number.isInteger(value) ? 0 : 3;
}
