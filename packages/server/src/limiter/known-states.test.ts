import { compileQuota, type RateState } from '@weir/core/gcra';
import { expect, test } from 'vitest';
import type { CallerQuota } from '../tenants/caller.ts';
import { KnownStates } from './known-states.ts';
import { callerOf } from './limiter.contract.ts';
import type { BatchReply } from './take-batch.ts';

const t0 = 1_790_000_000_000_000; // of Redis' clock
const quota = compileQuota({ tokens: 10, periodUs: 1_000_000, burst: 10 });

function namedOf(tenant: string): CallerQuota {
  return callerOf(tenant, [{ name: 'a', unit: 'requests', quota }]).quotas[0] as CallerQuota;
}

function replyOf(named: CallerQuota, owedUs: number): BatchReply {
  const state: RateState = { tatUs: t0 + owedUs, rest: 0, r: quota.r };
  return { nowUs: t0, damaged: 0, decisions: [], quotas: [named], states: [state] };
}

test('what is owed counts from when the call was sent, and a little less', () => {
  const known = new KnownStates(100);
  const named = namedOf('a');

  known.learn(replyOf(named, 409_600), 1_000);

  expect(known.get(named.stateKey, quota)).toMatchObject({
    tatUs: 1_000_000 + 409_500,
    r: quota.r,
  });
});

test('a reply that comes late replaces nothing that was learned of a later call', () => {
  const known = new KnownStates(100);
  const named = namedOf('a');
  known.learn(replyOf(named, 4_096_000), 1_000);

  known.learn(replyOf(named, 4_096), 999);

  expect(known.get(named.stateKey, quota)?.tatUs).toBe(1_000_000 + 4_095_000);
});

test('what is paid is not remembered', () => {
  const known = new KnownStates(100);
  const named = namedOf('a');
  known.learn(replyOf(named, 4_096), 1_000);

  known.learn(replyOf(named, 0), 1_001);

  expect(known.size).toBe(0);
});

test('of more than it may hold, those that nobody used for longest go', () => {
  const known = new KnownStates(100);
  const used = namedOf('used');
  known.learn(replyOf(used, 4_096), 0);
  for (let i = 0; i < 1_000; i += 1) {
    known.learn(replyOf(namedOf(`t${i}`), 4_096), i);
    expect(known.get(used.stateKey, quota)).toBeDefined();
    expect(known.size).toBeLessThanOrEqual(100);
  }

  expect(known.get('t0/a', quota)).toBeUndefined();
  expect(known.get('t999/a', quota)).toBeDefined();
});
