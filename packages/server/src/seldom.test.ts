import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { Seldom } from './seldom.ts';

function setUp() {
  const world = new VirtualWorld({ seed: 1 });
  return { world, seldom: new Seldom(world) };
}

test('the same is said once in ten seconds, with how often it happened meanwhile', () => {
  const { world, seldom } = setUp();
  expect(seldom.due('a')).toBe(0);
  for (let i = 0; i < 7; i += 1) expect(seldom.due('a')).toBeUndefined();
  world.advance(9_999);
  expect(seldom.due('a')).toBeUndefined();
  world.advance(1);
  expect(seldom.due('a')).toBe(8);
  expect(seldom.due('a')).toBeUndefined();
});

test('different things do not keep each other quiet', () => {
  const { seldom } = setUp();
  expect([seldom.due('a'), seldom.due('b')]).toEqual([0, 0]);
});

test('of more than a hundred kinds the one said longest ago is forgotten', () => {
  const { seldom } = setUp();
  for (let i = 0; i <= 100; i += 1) seldom.due(`${i}`);
  expect(seldom.due('100')).toBeUndefined();
  expect(seldom.due('0')).toBe(0);
});
