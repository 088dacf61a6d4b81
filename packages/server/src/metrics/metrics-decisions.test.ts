import type { Decision, NamedQuota } from '@weir/core/admission';
import { compileQuota, gcra } from '@weir/core/gcra';
import { expect, test } from 'vitest';
import { DecisionMetrics } from './metrics-decisions.ts';

const callerWith = (...quotas: string[]) =>
  quotas.map((name) => ({ name, quota: { burst: 1 } })) as unknown as NamedQuota[];
const decisionOf = (decision: Partial<Decision>) =>
  ({
    allowed: true,
    source: 'memory',
    violated: [],
    shadowed: [],
    verdicts: [],
    ...decision,
  }) as Decision;

function valuesOf(metrics: DecisionMetrics): (series: string) => number | undefined {
  const lines = metrics
    .format()
    .split('\n')
    .map((line) => line.split(' '));
  const samples = new Map(lines.map(([series = '', value]) => [series, Number(value)]));
  return (series) => samples.get(series);
}

test('a decision counts for every quota that allowed it, or for those that refused', () => {
  const metrics = new DecisionMetrics();
  const caller = callerWith('req', 'vol');
  metrics.add(caller, decisionOf({}));
  metrics.add(caller, decisionOf({ allowed: false, violated: [1] }));
  metrics.add(caller, decisionOf({ allowed: false, violated: [0], source: 'remembered' }));
  metrics.add(caller, decisionOf({ source: 'local', shadowed: [1] }));
  const value = valuesOf(metrics);
  const of = (quota: string, outcome: string, source: string) =>
    value(`weir_limiter_decisions_total{quota="${quota}",outcome="${outcome}",source="${source}"}`);
  expect([of('req', 'allowed', 'memory'), of('vol', 'allowed', 'memory')]).toEqual([1, 1]);
  expect([of('req', 'refused', 'memory'), of('vol', 'refused', 'memory')]).toEqual([undefined, 1]);
  expect(of('req', 'refused', 'remembered')).toBe(1);
  expect(of('vol', 'refused', 'remembered')).toBeUndefined();
  expect([of('req', 'allowed', 'local'), of('vol', 'shadowed', 'local')]).toEqual([1, 1]);
});

test('a quota of which four fifths are spent is counted as near its limit', () => {
  const metrics = new DecisionMetrics();
  const quota = compileQuota({ tokens: 1, periodUs: 1_000_000, burst: 10 });
  const caller = [{ name: 'req', unit: 'requests', quota }] as const;
  for (const spent of [7, 8, 10]) {
    const verdicts = [gcra(quota, undefined, 0, spent)];
    metrics.add(caller, decisionOf({ verdicts }));
  }
  expect(valuesOf(metrics)('weir_limiter_near_limit_total{quota="req"}')).toBe(2);
});

test('quota names beyond the bound share one series', () => {
  const metrics = new DecisionMetrics();
  for (let i = 0; i < 1_005; i += 1) metrics.add(callerWith(`q${i}`), decisionOf({}));
  const value = valuesOf(metrics);
  expect(
    value('weir_limiter_decisions_total{quota="q999",outcome="allowed",source="memory"}'),
  ).toBe(1);
  expect(
    value('weir_limiter_decisions_total{quota="_other",outcome="allowed",source="memory"}'),
  ).toBe(5);
});
