import { throttles } from '@weir/core/throttle/throttles';
import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { borrowTurnstile, newRegistry, sharedRegistry } from './throttle-registry.ts';

const makeThrottle = (random: () => number) => throttles.adaptive({}, random);

function start() {
  const world = new VirtualWorld({ seed: 1 });
  const warnings: string[] = [];
  const logger = { warn: (text: string) => warnings.push(text), error: () => {} };
  return { world, warnings, deps: { world, logger, makeThrottle }, registry: newRegistry() };
}

test('one key has one turnstile, and a second choice of policy is told that it came too late', () => {
  const { deps, registry, warnings } = start();
  const one = borrowTurnstile(registry, 'k', deps);
  const other = borrowTurnstile(registry, 'k', {
    ...deps,
    makeThrottle: (random) => throttles.adaptive({}, random),
  });
  expect(other.turnstile).toBe(one.turnstile);
  expect(warnings).toHaveLength(1);
  expect(borrowTurnstile(registry, 'l', deps).turnstile).not.toBe(one.turnstile);
});

test('what nobody uses is forgotten after ten minutes, and not before', () => {
  const { deps, registry, world } = start();
  const { turnstile, giveBack } = borrowTurnstile(registry, 'k', deps);
  giveBack();
  giveBack(); // twice does no harm
  world.advance(599_000);
  const again = borrowTurnstile(registry, 'k', deps);
  expect(again.turnstile).toBe(turnstile);
  again.giveBack();
  world.advance(601_000);
  expect(borrowTurnstile(registry, 'k', deps).turnstile).not.toBe(turnstile);
});

test('at most 64 keys are shared; the next one is paced alone, with a warning', () => {
  const { deps, registry, warnings } = start();
  for (let n = 0; n < 65; n += 1) borrowTurnstile(registry, `k${n}`, deps);
  expect(registry.entries.size).toBe(64);
  expect(warnings).toHaveLength(1);
});

test('the registry of the thread is one for all, and one of another version is left alone', () => {
  const name = Symbol.for('weir.throttles.v1');
  const host = globalThis as unknown as Record<symbol, unknown>;
  const before = host[name];
  try {
    delete host[name];
    expect(sharedRegistry(undefined)).toBe(sharedRegistry(undefined));
    const foreign = { version: 99, entries: new Map() };
    host[name] = foreign;
    const warnings: string[] = [];
    const logger = { warn: (text: string) => warnings.push(text), error: () => {} };
    expect(sharedRegistry(logger)).not.toBe(foreign);
    expect(warnings).toHaveLength(1);
    expect(host[name]).toBe(foreign);
  } finally {
    host[name] = before;
  }
});
