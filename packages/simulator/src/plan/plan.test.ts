import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { capacityPage } from './capacity.ts';
import { figures } from './figures.ts';
import { lineValue, plan, requestUs } from './plan.ts';
import { surge } from './surge.ts';
import { planTerms, problemsOf, type TermName, terms } from './terms.ts';

const root = new URL('../../../../', import.meta.url);
const of = (given: Partial<Record<TermName, number>> = {}) =>
  plan(planTerms({ users: 1_000_000, requests: 100, ...given }));

test.each(Object.entries(figures))('%s stands where the plan says it does', (_, figure) => {
  const text = readFileSync(new URL(figure.file, root), 'utf8');
  expect(text).toContain(figure.row);
  expect(figure.row.split('|').map(Number)).toContain(figure.value);
});

test('agrees with the run that its figures come from', () => {
  const bench = of({ users: 1, requests: 1_440_000_000, segmentAgeS: 3_600 });
  expect(lineValue(bench, 'PUTs a day')).toBeCloseTo(figures.putsADay.value, 6);
  expect(requestUs(1_024)).toBe(figures.takeAndDeliverUs.value);
  expect(requestUs(25_600)).toBeCloseTo(figures.batchUs.value, 9);
});

test('says how every line was reckoned, and names no term or figure that there is not', () => {
  for (const { name, formula, value } of of().lines) {
    expect(name).not.toBe('');
    expect(formula.length).toBeGreaterThan(5);
    expect(Number.isFinite(value)).toBe(true);
  }
});

test('a quiet deployment seals by age: its objects come however little there is', () => {
  const quiet = of({ users: 1_000, requests: 1_000 });
  expect(lineValue(quiet, 'segments a day')).toBe((2 * 86_400) / 10);
  const idle = of({ users: 1, requests: 10 });
  expect(lineValue(idle, 'segments a day')).toBe(10);
});

test('what is impossible is said, term by term', () => {
  const given = planTerms({ users: 0, requests: 1e10, peakRatio: 0.5, cores: 1.5 });
  expect(problemsOf(given)).toEqual([
    'users: expected a whole number from 1 to 100000000000, not 0',
    'requests: expected a number from 0.001 to 1000000000, not 10000000000',
    'peakRatio: expected a number from 1 to 1000, not 0.5',
    'cores: expected a whole number from 1 to 512, not 1.5',
  ]);
  expect(problemsOf(planTerms({ users: 1, requests: 1 }))).toEqual([]);
  expect(terms.map(({ name }) => name)).toContain('compression');
});

const loads = fc.record({
  users: fc.integer({ min: 1, max: 1_000_000_000 }),
  requests: fc.integer({ min: 1, max: 1_000 }),
  bytes: fc.integer({ min: 100, max: 100_000 }),
  peakRatio: fc.double({ min: 1, max: 20, noNaN: true }),
});

test('the processes carry the peak at no more than the share that was allowed, and not many are spare', () => {
  fc.assert(
    fc.property(loads, (load) => {
      const planned = of(load);
      const busy = (lineValue(planned, 'peak') * requestUs(load.bytes)) / 1_000_000;
      const processes = lineValue(planned, 'processes');
      return (
        busy <= processes * 0.5 + 1e-6 && (processes === 2 || busy > (processes - 1) * 0.5 - 1e-6)
      );
    }),
  );
});

test('a surge answers or drops all that comes, and never needs more than all of its time', () => {
  const factors = fc.double({ min: 0.1, max: 500, noNaN: true });
  fc.assert(
    fc.property(loads, factors, fc.constantFrom(1, 2, Infinity), (load, factor, quotas) => {
      const { offered, stored, refused, unanswered, busy } = surge(of(load), factor, quotas);
      expect((stored + refused + unanswered) / offered).toBeCloseTo(1, 9);
      expect(Math.min(stored, refused, unanswered)).toBeGreaterThanOrEqual(0);
      expect(busy).toBeLessThanOrEqual(1 + 1e-9);
    }),
  );
});

test('a surge within the capacity refuses nobody, one far beyond stores little', () => {
  const planned = of({ users: 10_000_000 });
  expect(surge(planned, 1.9)).toMatchObject({ refused: 0, unanswered: 0 });
  expect(surge(planned, 1.9, 1)).toMatchObject({ stored: lineValue(planned, 'peak') });
  expect(surge(planned, 500).unanswered).toBeGreaterThan(0);
});

test('docs/capacity.md is what the code prints', () => {
  const page = readFileSync(new URL('docs/capacity.md', root), 'utf8');
  expect(page === capacityPage(), 'run `npm run docs:capacity`').toBe(true);
});
