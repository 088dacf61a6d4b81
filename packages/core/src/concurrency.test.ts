import { expect, test } from 'vitest';
import {
  type ConcurrencyReply,
  learnConcurrency,
  placesIn,
  startConcurrency,
} from './concurrency.ts';
import { VirtualWorld } from './world/virtual.ts';

const bounds = { first: 8, least: 1, most: 64 };

/** A round trip of replies that took `tookMs`, all to requests of its own. */
function roundTrip(said: ConcurrencyReply['said'], tookMs = 50, underWay = 64) {
  return { said, tookMs, underWay };
}

function after(...trips: ReturnType<typeof roundTrip>[]): number {
  let nowMs = 0;
  let state = startConcurrency(bounds, nowMs);
  for (const reply of trips) {
    nowMs += reply.tookMs;
    state = learnConcurrency(state, { ...reply, sentMs: nowMs - reply.tookMs }, bounds, nowMs);
  }
  return state.limit;
}

const ok = roundTrip('ok');

test('grows by a place in each round trip, and only while it is in use', () => {
  expect(after(ok, ok, ok)).toBe(11);
  expect(after(ok, roundTrip('ok', 50, 3), ok)).toBe(10);
});

test('is halved where all is refused, or comes too late', () => {
  expect(after(roundTrip('congested'))).toBe(4);
  expect(after(roundTrip('late'), roundTrip('late'))).toBe(2);
});

test('loses half of the share that is refused, and earns what is served', () => {
  let state = startConcurrency(bounds, 0);
  const early = { sentMs: -50, tookMs: 50, underWay: 8 }; // sent before this round trip
  for (let i = 0; i < 9; i += 1) {
    state = learnConcurrency(state, { said: 'ok', ...early }, bounds, 40);
  }
  expect(state.limit).toBe(8);
  const refused = { said: 'congested' as const, sentMs: 0, tookMs: 50, underWay: 8 };
  state = learnConcurrency(state, refused, bounds, 50);
  expect(state.limit).toBeCloseTo(8 * 0.95 + 0.9);
});

test('a tenth goes where replies take far longer than usual', () => {
  const usual = Array.from({ length: 20 }, () => ok);
  expect(after(...usual)).toBe(28);
  expect(after(...usual, roundTrip('ok', 200))).toBeCloseTo(25.2);
  expect(after(...usual, roundTrip('ok', 60))).toBe(29); // not far
});

test.each([0.05, 0.1, 0.2, 0.3, 0.4])(
  'a store that refuses %d of whatever comes, however few ask, is asked by many',
  (share) => {
    expect(meanPlaces((world) => world.random() < share)).toBeGreaterThan(27);
  },
);

test('a store that begins to refuse more than always is asked by fewer', () => {
  const refuses = (world: VirtualWorld, underWay: number) =>
    world.random() < 0.3 || (world.now() > 20_000 && underWay > 8);
  expect(meanPlaces(refuses, 60_000)).toBeLessThan(13);
});

test('a store that takes fifty a second is asked by few, though these are refused some', () => {
  const taken: number[] = [];
  const refuses = (world: VirtualWorld) => {
    const isTooSoon = (taken.at(-50) ?? -Infinity) > world.now() - 1_000;
    if (!isTooSoon) taken.push(world.now());
    return isTooSoon;
  };
  expect(meanPlaces(refuses)).toBeLessThan(8);
});

test('a store that refuses nothing any more is forgiven nothing any more', () => {
  let state = startConcurrency(bounds, 0);
  let nowMs = 0;
  const learn = (said: ConcurrencyReply['said']) => {
    nowMs += 50;
    const reply = { said, sentMs: nowMs - 50, tookMs: 50, underWay: 64 };
    state = learnConcurrency(state, reply, bounds, nowMs);
  };
  for (let i = 0; i < 400; i += 1) learn(i % 3 === 0 ? 'congested' : 'ok');
  expect(state.alwaysRefused).toBeGreaterThan(0.2);
  for (let i = 0; i < 3_000; i += 1) learn('ok');
  expect(state.alwaysRefused).toBe(0);
});

test('a store that bears ten at once is asked by about ten', () => {
  const mean = meanPlaces((_, underWay) => underWay > 10);
  expect(mean).toBeGreaterThan(7);
  expect(mean).toBeLessThan(13);
});

/** How many are asked for at once, on average, while as many as may be always are under way. */
function meanPlaces(
  refuses: (world: VirtualWorld, underWay: number) => boolean,
  total = 20_000,
): number {
  const usual = { first: 8, least: 4, most: 32 };
  const world = new VirtualWorld({ seed: 1 });
  let state = startConcurrency(usual, 0);
  let underWay = 0;
  let sum = 0;
  let replies = 0;
  const fill = () => {
    while (underWay < placesIn(state)) {
      underWay += 1;
      send(refuses(world, underWay) ? 'congested' : 'ok');
    }
  };
  const send = (said: 'ok' | 'congested') => {
    const sentMs = world.now();
    world.after(40 + 20 * world.random(), () => {
      const reply = { said, sentMs, tookMs: world.now() - sentMs, underWay };
      state = learnConcurrency(state, reply, usual, world.now());
      underWay -= 1;
      sum += placesIn(state);
      replies += 1;
      if (replies < total) fill();
    });
  };
  fill();
  while (world.step());
  return sum / replies;
}

test.each([
  { first: 0, least: 1, most: 1 },
  { first: 1, least: 0, most: 1 },
  { first: 1, least: 1, most: 0 },
  { first: 1.5, least: 1, most: 2 },
])('refuses the bounds %j', (wrong) => {
  expect(() => startConcurrency(wrong, 0)).toThrow(RangeError);
});
