import { compileQuota } from '@weir/core/gcra';
import { fields } from '@weir/core/wire/routes';
import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { MemoryHints, senderOf, turnLeft } from './hints.ts';
import { callerOf, cost } from './limiter.contract.ts';
import { MemoryLimiter } from './memory.ts';

const quota = compileQuota({ tokens: 1, periodUs: 1_000_000, burst: 1 });
const req = { name: 'req', unit: 'requests', quota } as const;

function shared() {
  const world = new VirtualWorld({ seed: 1 });
  const limiter = new MemoryLimiter(world);
  const hints = new MemoryHints(world);
  return (tenant: string, sender: string, shadow = false) => {
    const caller = callerOf(tenant, [{ ...req, shadow }]);
    const decision = limiter.take(caller, cost(1));
    return hints.tell({ sender, caller, cost: cost(1), decision });
  };
}

test('two senders of a tenant take turns; one of another tenant with the same name is another', () => {
  const send = shared();
  expect(send('acme', 'one')).toBeUndefined();
  expect(send('acme', 'two')).toBe(1_000_000);
  expect(send('acme', 'one')).toBe(2_000_000);
  expect(send('globex', 'one')).toBeUndefined();
  expect(send('globex', 'one')).toBe(1_000_000); // its own quota, and the first turn on it
});

test('a quota on trial makes nobody wait', () => {
  const send = shared();
  send('acme', 'one', true);
  expect(send('acme', 'two', true)).toBeUndefined();
});

test('nobody is told anything of a quota of which this server decides a part', () => {
  const world = new VirtualWorld({ seed: 1 });
  const limiter = new MemoryLimiter(world);
  const hints = new MemoryHints(world);
  const caller = callerOf('acme', [req]);
  for (const sender of ['one', 'two', 'three']) {
    const decision = { ...limiter.take(caller, cost(1)), source: 'local' as const };
    expect(hints.tell({ sender, caller, cost: cost(1), decision })).toBeUndefined();
  }
});

test('a sender names itself with up to 64 plain characters, or it has no name', () => {
  const nameOf = (name: string | string[] | undefined) => senderOf({ [fields.weirClient]: name });
  expect(nameOf('a-Z_0.9~')).toBe('a-Z_0.9~');
  expect(nameOf('x'.repeat(64))).toBe('x'.repeat(64));
  for (const bad of [undefined, '', 'x'.repeat(65), 'a b', 'ä', 'a/b', ['a', 'b']]) {
    expect(nameOf(bad)).toBeUndefined();
  }
});

test('the time that a batch takes to be safe comes off the wait for its turn', async () => {
  const world = new VirtualWorld({ seed: 1 });
  const left = turnLeft(Promise.resolve(300_000), world);
  world.advance(120);
  expect(await left()).toBe(180_000);
  world.advance(1_000);
  expect(await left()).toBe(0);
  expect(await turnLeft(undefined, world)()).toBeUndefined();
});
