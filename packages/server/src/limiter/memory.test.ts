import { compileQuota } from '@weir/core/gcra';
import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { callerOf, cost, limiterContract } from './limiter.contract.ts';
import { MemoryLimiter } from './memory.ts';

const quick = { name: 'req', unit: 'requests', quota: perSecond(10, 5) } as const;
const slow = { name: 'slow', unit: 'requests', quota: perSecond(1, 3_600) } as const;

limiterContract(() => {
  const world = new VirtualWorld({ seed: 1 });
  return { limiter: new MemoryLimiter(world), advance: (byMs) => world.advance(byMs) };
});

test('a known refusal is exact: the first instant at which the same cost passes', () => {
  const world = new VirtualWorld({ seed: 1 });
  const limiter = new MemoryLimiter(world);
  const caller = callerOf('a', [{ ...quick, quota: perSecond(3, 3) }]);
  limiter.take(caller, cost(3));

  expect(limiter.knownRefusal(caller, cost(1))).toMatchObject({
    allowed: false,
    exact: true,
    retryAfterUs: 333_334,
    violated: [0],
  });
  world.advance(333.333);
  expect(limiter.knownRefusal(caller, cost(1))?.retryAfterUs).toBe(1);
  world.advance(0.001);
  expect(limiter.knownRefusal(caller, cost(1))).toBeUndefined();
  expect(limiter.take(caller, cost(1)).allowed).toBe(true);
});

test('one quota in debt makes a refusal known, whatever the others have left', () => {
  const limiter = new MemoryLimiter(new VirtualWorld({ seed: 1 }));
  const caller = callerOf('a', [slow, quick]);
  limiter.take(caller, cost(5));

  const known = limiter.knownRefusal(caller, cost(1));

  expect(known?.violated).toEqual([1]);
  expect(known?.verdicts[0]?.remaining).toBe(3_595);
});

test('states whose debt is paid go as new ones come', () => {
  const world = new VirtualWorld({ seed: 1 });
  const limiter = new MemoryLimiter(world);
  for (let i = 0; i < 10_000; i += 1) {
    limiter.take(callerOf(`t${i}`, [quick]), cost(1));
    world.advance(1); // each is in debt for 100 ms, so at any time a hundred are
  }

  expect(limiter.size).toBeLessThan(400);
});

test('states in debt stay to the last moment, whoever else comes', () => {
  const world = new VirtualWorld({ seed: 1 });
  const limiter = new MemoryLimiter(world);
  for (let i = 0; i < 100; i += 1) limiter.take(callerOf(`t${i}`, [quick]), cost(5));
  for (let i = 0; i < 4_990; i += 1) {
    world.advance(0.1);
    limiter.take(callerOf(`u${i}`, [{ ...quick, quota: perSecond(1_000, 5) }]), cost(1));
  }

  // 499 ms on, all but one of the five requests are paid for.
  for (let i = 0; i < 100; i += 1) {
    expect(limiter.peek(callerOf(`t${i}`, [quick])).verdicts[0]?.remaining).toBe(4);
  }
});

test('an instant that floating point puts just below a whole microsecond counts as that one', () => {
  const world = new VirtualWorld({ seed: 1 });
  const limiter = new MemoryLimiter(world);
  const quota = compileQuota({ tokens: 1, periodUs: 1_001, burst: 1 });
  const caller = callerOf('a', [{ ...quick, quota }]);
  limiter.take(caller, cost(1));

  world.advance(1.001);

  expect(world.now() * 1_000).toBeLessThan(1_001);
  expect(limiter.take(caller, cost(1)).allowed).toBe(true);
});

test('a refund that pays the whole debt leaves no state', () => {
  const limiter = new MemoryLimiter(new VirtualWorld({ seed: 1 }));
  const caller = callerOf('a', [quick, slow]);
  limiter.take(caller, cost(2));
  expect(limiter.size).toBe(2);

  limiter.refund(caller, cost(2));

  expect(limiter.size).toBe(0);
});

test('without a quota everything passes', () => {
  const limiter = new MemoryLimiter(new VirtualWorld({ seed: 1 }));

  expect(limiter.take(callerOf('a', []), cost(1_000_000)).allowed).toBe(true);
});

function perSecond(tokens: number, burst: number) {
  return compileQuota({ tokens, periodUs: 1_000_000, burst });
}
