import { describe, expect, test } from 'vitest';
import { admits, charge, compileQuota, gcra, type RateState, raise, refund } from './gcra.ts';
import vectors from './gcra.vectors.json' with { type: 'json' };
import type { Group, Step } from './gcra-vectors.model.ts';
import { retryAfterSeconds } from './wire/rate-headers.ts';

const t0 = 1_790_000_000_000_000; // an instant of the year 2026, so that sums are as large as real ones
const tera = 1_099_511_627_776;

describe.each(vectors.groups as readonly Group[])('$name', ({ quota: terms, steps }) => {
  let quota = compileQuota(terms);
  let state: RateState | undefined;

  test.each(steps)('$id', (step) => {
    if (step.quota !== undefined) quota = compileQuota(step.quota);
    const nowUs = t0 + step.atUs;
    const settled =
      step.refund === undefined ? take(step, nowUs) : refund(quota, state, nowUs, step.refund);
    if (step.changed !== undefined) expect(settled.changed).toBe(step.changed);
    if (settled.changed) state = settled.next;
    if (step.tatUs !== undefined) {
      expect(state).toEqual({ tatUs: t0 + step.tatUs, rest: step.rest, r: quota.r });
    }
    if (step.dropped) expect(settled).toEqual({ changed: true, next: undefined });
  });

  function take(step: Step, nowUs: number) {
    const cost = step.cost as number;
    const verdict = gcra(quota, state, nowUs, cost);
    const { allowed, oversize = false, remaining, retryAfterUs, resetUs, nextUs } = step;
    expect(verdict).toMatchObject({ allowed, oversize });
    expect(admits(quota, state, nowUs, cost)).toBe(allowed);
    for (const [field, value] of Object.entries({ remaining, retryAfterUs, resetUs, nextUs })) {
      if (value !== undefined) expect(verdict).toHaveProperty(field, value);
    }
    if (oversize) expect(verdict.retryAfterUs).toBe(Infinity);
    else if (!allowed) {
      const seconds = retryAfterSeconds(verdict.retryAfterUs / 1_000, 0);
      expect(seconds).toBe(step.retryAfterS ?? 1);
    }
    if (step.ttlMs !== undefined) expect(Math.ceil(verdict.resetUs / 1_000)).toBe(step.ttlMs);
    return verdict;
  }
});

test('the table of vectors is complete', () => {
  const ids = vectors.groups.flatMap(({ steps }) => steps.map(({ id }) => id));
  const counts = { A: 13, B: 8, C: 4, D: 6, E: 3, F: 3, G: 5, H: 3, I: 1 };
  for (const [letter, count] of Object.entries(counts)) {
    for (let i = 1; i <= count; i += 1) expect(ids).toContain(letter + i);
  }
});

test('a quota is reduced to lowest terms', () => {
  const quota = compileQuota({ tokens: 150_000, periodUs: 1_000_000, burst: 300_000 });

  expect(quota).toMatchObject({ p: 20, r: 3, cap: 6_000_000 });
});

test.each([
  [{ tokens: 0, periodUs: 1, burst: 1 }, /^tokens must be a whole number from 1 .* not 0$/],
  [{ tokens: 1, periodUs: 0.5, burst: 1 }, /^periodUs must be a whole number/],
  [{ tokens: 1, periodUs: 1, burst: -3 }, /^burst must be a whole number/],
  [{ tokens: 1, periodUs: 1, burst: Number.NaN }, /^burst must be a whole number/],
  [{ tokens: 7, periodUs: tera, burst: 8_192 }, /7 tokens per .* too large .* exactly/],
  [{ tokens: 1, periodUs: tera, burst: 4_096 + 1 }, /too large to be counted exactly/],
])('a quota that cannot be counted exactly is refused: %j', (terms, message) => {
  expect(() => compileQuota(terms)).toThrow(RangeError);
  expect(() => compileQuota(terms)).toThrow(message);
});

test('the largest quotas are still taken', () => {
  expect(compileQuota({ tokens: 1, periodUs: tera, burst: 4_096 }).cap).toBe(4_096 * tera);
  expect(compileQuota({ tokens: 3, periodUs: tera, burst: 8_192 - 1 }).r).toBe(3);
});

test('a paid debt is the same as none, and the caller is told to forget it', () => {
  const quota = compileQuota({ tokens: 10, periodUs: 1_000_000, burst: 4 });
  const paid = { tatUs: t0, rest: 0, r: quota.r };

  expect(gcra(quota, paid, t0, 0)).toMatchObject({ changed: true, next: undefined, nextUs: 0 });
  expect(gcra(quota, paid, t0, 5)).toMatchObject({ changed: true, next: undefined });
  expect(gcra(quota, undefined, t0, 0)).toMatchObject({ changed: false, next: undefined });
  expect(gcra(quota, paid, t0, 1)).toEqual(gcra(quota, undefined, t0, 1));
});

test('nothing is refunded where nothing is owed', () => {
  const quota = compileQuota({ tokens: 10, periodUs: 1_000_000, burst: 4 });

  expect(refund(quota, undefined, t0, 3)).toEqual({ changed: false, next: undefined });
  const paid = { tatUs: t0 - 1, rest: 0, r: quota.r };
  expect(refund(quota, paid, t0, 3)).toEqual({ changed: true, next: undefined });
});

test('a state counted in other units is rounded up, never in favour of the caller', () => {
  const thirds = compileQuota({ tokens: 3, periodUs: 1_000_000, burst: 3 });
  const sevenths = compileQuota({ tokens: 7, periodUs: 1_000_000, burst: 7 });
  const spent = gcra(thirds, undefined, t0, 1); // owes 333,333⅓ µs

  const verdict = gcra(sevenths, spent.next, t0, 0);

  expect(verdict.resetUs).toBe(333_334);
  expect(verdict.changed).toBe(false);
});

test('a forced charge is never refused and never goes beyond the burst', () => {
  const quota = compileQuota({ tokens: 10, periodUs: 1_000_000, burst: 4 });

  const three = charge(quota, undefined, t0, 3);
  expect(three).toEqual({ changed: true, next: { tatUs: t0 + 300_000, rest: 0, r: quota.r } });
  const most = charge(quota, three.next, t0, 9);
  expect(most.next?.tatUs).toBe(t0 + 400_000);
  expect(charge(quota, undefined, t0, 0)).toEqual({ changed: false, next: undefined });
});

test('a raised debt is at least so much, and raising it again changes nothing', () => {
  const quota = compileQuota({ tokens: 10, periodUs: 1_000_000, burst: 4 });

  const three = raise(quota, undefined, t0, 3);
  expect(three).toEqual({ changed: true, next: { tatUs: t0 + 300_000, rest: 0, r: quota.r } });
  expect(raise(quota, three.next, t0, 3).next).toEqual(three.next);
  expect(raise(quota, three.next, t0, 2).next).toEqual(three.next);
  expect(raise(quota, three.next, t0, 9).next?.tatUs).toBe(t0 + 400_000);
});
