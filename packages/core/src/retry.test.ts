import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs, RetryBudget } from './retry.ts';

const bounds = { baseMs: 100, maxMs: 5_000 };

test.each([
  [1, 100],
  [2, 200],
  [6, 3_200],
  [7, 5_000],
  [1_000_000, 5_000],
])('after %i failures the wait is drawn from up to %i ms', (failures, longest) => {
  expect(backoffMs(bounds, failures, 0, 0)).toBe(0);
  expect(backoffMs(bounds, failures, 0, 0.5)).toBe(longest / 2);
});

test('what the server asked for is a floor, with the jitter on top', () => {
  expect(backoffMs(bounds, 1, 30_000, 0)).toBe(30_000);
  expect(backoffMs(bounds, 1, 30_000, 0.5)).toBe(30_050);
});

test('a sender that hardly sends may still retry every 6 seconds', () => {
  const budget = new RetryBudget();

  expect(budget.spend(0)).toBe(true);
  expect(budget.spend(5_999)).toBe(false);
  expect(budget.spend(6_000)).toBe(true);
  expect(budget.spend(6_001)).toBe(false);
});

test('it tells when a retry may be made', () => {
  const budget = new RetryBudget();
  expect(budget.readyAtMs(5)).toBe(5);
  budget.spend(5);

  expect(budget.readyAtMs(10)).toBe(6_005);
  for (let i = 0; i < 10; i += 1) budget.earn();
  expect(budget.readyAtMs(10)).toBe(10);
});

test('ten first attempts earn one retry', () => {
  const budget = new RetryBudget();
  budget.spend(0);
  for (let i = 0; i < 9; i += 1) budget.earn();
  expect(budget.spend(1)).toBe(false);

  budget.earn();

  expect(budget.spend(1)).toBe(true);
  expect(budget.spend(1)).toBe(false);
});

test('no more than ten retries are saved for bad times', () => {
  const budget = new RetryBudget();
  for (let i = 0; i < 100_000; i += 1) budget.earn();

  let granted = 0;
  while (budget.spend(0)) granted += 1;

  expect(granted).toBe(10);
});

test('retries are never more than a tenth of first attempts, and one each 6 seconds', () => {
  const steps = fc.array(fc.record({ gapMs: fc.nat(900), firsts: fc.nat(8), retries: fc.nat(4) }), {
    minLength: 1,
    maxLength: 100,
  });
  fc.assert(
    fc.property(steps, (all) => {
      const budget = new RetryBudget();
      let [nowMs, firsts, granted] = [0, 0, 0];
      for (const step of all) {
        nowMs += step.gapMs;
        for (let i = 0; i < step.firsts; i += 1) budget.earn();
        firsts += step.firsts;
        for (let i = 0; i < step.retries; i += 1) granted += budget.spend(nowMs) ? 1 : 0;
        expect(granted).toBeLessThanOrEqual(firsts / 10 + Math.floor(nowMs / 6_000) + 1);
      }
    }),
  );
});
