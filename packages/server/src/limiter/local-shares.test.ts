import { compileQuota } from '@weir/core/gcra';
import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import type { Caller, CallerQuota, OnTrouble } from '../tenants/caller.ts';
import { KnownStates } from './known-states.ts';
import { callerOf, cost } from './limiter.contract.ts';
import { type Handover, LocalShares } from './local-shares.ts';

const quota = compileQuota({ tokens: 100, periodUs: 1_000_000, burst: 100 });

function sharesOf(servers: number) {
  const world = new VirtualWorld({ seed: 1 });
  world.advance(1_000);
  const known = new KnownStates(100);
  const shares = new LocalShares({ world, servers: () => servers, known });
  return { world, known, shares };
}

function callerWith(change: Partial<CallerQuota> = {}): Caller {
  const caller = callerOf('a', [{ name: 'req', unit: 'requests', quota }]);
  return { ...caller, quotas: caller.quotas.map((named) => ({ ...named, ...change })) };
}

function passes(shares: LocalShares, caller: Caller, tries: number): number {
  let passed = 0;
  for (let i = 0; i < tries; i += 1) if (shares.take(caller, cost(1)).allowed) passed += 1;
  return passed;
}

test('one server of four lets a quarter of burst and rate through', () => {
  const { world, shares } = sharesOf(4);
  const caller = callerWith();

  expect(passes(shares, caller, 100)).toBe(25);
  world.advance(1_000);
  expect(passes(shares, caller, 100)).toBe(25);
  world.advance(400);
  expect(passes(shares, caller, 100)).toBe(10);
});

test('what it refuses is told as its own, never as the quota, and to be tried in a second', () => {
  const { shares } = sharesOf(4);
  const caller = callerWith();
  passes(shares, caller, 25);

  const refused = shares.take(caller, cost(1));

  const told = { allowed: false, source: 'local', exact: false, violated: [0] };
  expect(refused).toMatchObject({ ...told, retryAfterUs: 1_000_000, oversize: undefined });
  expect(shares.knownRefusal(caller, cost(1))).toMatchObject(told);
  expect(shares.take(caller, cost(30))).toMatchObject({ ...told, oversize: undefined });
});

test('what no waiting cures is told as such', () => {
  const { shares } = sharesOf(4);

  const refused = shares.take(callerWith(), cost(101));

  expect(refused).toMatchObject({ allowed: false, oversize: { cost: 101, burst: 100 } });
});

test('a share begins as full as the quota was seen last', () => {
  const { known, shares } = sharesOf(4);
  const caller = callerWith();
  const named = caller.quotas[0] as CallerQuota;
  const state = { tatUs: 500_000, rest: 0, r: quota.r }; // half of the burst is owed
  known.learn({ nowUs: 0, damaged: 0, decisions: [], quotas: [named], states: [state] }, 1_000);

  expect(passes(shares, caller, 100)).toBe(12);
});

test.each<[OnTrouble, number]>([
  ['open', 100],
  ['closed', 0],
  ['local', 50],
])('a quota that is %s in trouble lets %i of a hundred through', (onTrouble, passed) => {
  const { shares } = sharesOf(2);
  const caller = callerWith({ onTrouble });

  expect(passes(shares, caller, 100)).toBe(passed);
  expect(shares.knownRefusal(caller, cost(1)) === undefined).toBe(onTrouble === 'open');
});

test('a quota on trial refuses nobody, even where it is closed in trouble', () => {
  const { shares } = sharesOf(2);

  expect(passes(shares, callerWith({ shadow: true, onTrouble: 'closed' }), 100)).toBe(100);
});

test('where one quota refuses, none is charged', () => {
  const { shares } = sharesOf(1);
  const [req] = callerWith().quotas as [CallerQuota];
  const few = compileQuota({ tokens: 1, periodUs: 1_000_000, burst: 5 });
  const caller = { ...callerWith(), quotas: [req, { ...req, quota: few, stateKey: 'a/few' }] };

  expect(passes(shares, caller, 50)).toBe(5);
  expect(passes(shares, callerWith(), 200)).toBe(95);
});

test('a refund gives back here', () => {
  const { shares } = sharesOf(4);
  const caller = callerWith();
  passes(shares, caller, 25);

  shares.refund(caller, cost(3));

  expect(passes(shares, caller, 25)).toBe(3);
});

test('what is owed is handed over once, as if all servers owed as much of their shares', () => {
  const { world, known, shares } = sharesOf(4);
  const caller = callerWith();
  const named = caller.quotas[0] as CallerQuota;
  const state = { tatUs: 409_600, rest: 0, r: quota.r };
  known.learn({ nowUs: 0, damaged: 0, decisions: [], quotas: [named], states: [state] }, 1_000);
  expect(passes(shares, caller, 8)).toBe(8);
  expect(shares.owes).toBe(true);

  const first = shares.handOver(caller) as Handover;
  expect(first.tokens).toEqual([73]); // 8 × 4, and the 41 it began with
  expect(shares.handOver(caller)).toBeUndefined();
  shares.handedOver(caller, first, false);

  const again = shares.handOver(caller) as Handover;
  expect(again.tokens).toEqual([73]);
  shares.handedOver(caller, again, true);
  expect(shares.handOver(caller)).toBeUndefined();

  expect(passes(shares, caller, 8)).toBe(8);
  world.advance(10_000);
  expect(shares.owes).toBe(false);
  expect(shares.handOver(caller)).toBeUndefined();
});
