import { noAnswer, reactions } from '@weir/core/wire/refusal';
import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { Origins } from './origins.ts';

function start(urls: readonly string[]): { origins: Origins; world: VirtualWorld } {
  const world = new VirtualWorld({ seed: 1 });
  return { origins: new Origins(urls, world), world };
}

test('a server that never answers is probed, one request at a time, ever more rarely', () => {
  const { origins, world } = start(['a']);
  const tries: number[] = [];
  while (world.now() < 600_000) {
    const readyMs = origins.readyAtMs(world.now());
    world.advance(readyMs - world.now());
    const one = origins.begin();
    tries.push(world.now());
    if (tries.length > 5) expect(origins.readyAtMs(world.now())).toBe(Infinity);
    world.advance(1);
    one.failed(noAnswer, undefined);
  }
  expect(tries.length).toBeLessThan(40);
  const last = tries.slice(-5);
  for (const [i, atMs] of last.slice(1).entries()) {
    expect(atMs - (last[i] as number)).toBeGreaterThan(10_000);
  }
});

test('a draining server is left at once, a busy one after three refusals', () => {
  const { origins } = start(['a', 'b']);
  origins.begin().failed(reactions.draining, 1_000);
  expect(origins.begin().origin).toBe('b');

  const busy = start(['a', 'b']);
  for (let i = 0; i < 3; i += 1) {
    busy.world.advance(busy.origins.readyAtMs(busy.world.now()) - busy.world.now());
    const one = busy.origins.begin();
    expect(one.origin).toBe('a');
    one.failed(reactions.over_capacity, 1_000);
  }
  expect(busy.origins.readyAtMs(busy.world.now())).toBe(busy.world.now());
  expect(busy.origins.begin().origin).toBe('b');
});

test('a probe that was aborted tells nothing, and another may be made at once', () => {
  const { origins, world } = start(['a']);
  for (let i = 0; i < 5; i += 1) {
    world.advance(origins.readyAtMs(world.now()) - world.now());
    origins.begin().failed(noAnswer, undefined);
  }
  world.advance(origins.readyAtMs(world.now()) - world.now());
  const probe = origins.begin();
  expect(origins.readyAtMs(world.now())).toBe(Infinity);
  probe.left();
  expect(origins.readyAtMs(world.now())).toBe(world.now());
});
