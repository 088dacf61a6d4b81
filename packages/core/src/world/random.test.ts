import { expect, test } from 'vitest';
import { seededRandom, streamOf } from './random.ts';

const draw = (seed: number, count: number) => {
  const { uniform } = seededRandom(seed);
  return Array.from({ length: count }, uniform);
};

// Computed a second time in Python.
test('a seed always gives the same numbers, on every engine', () => {
  expect(draw(1, 3)).toEqual([0.5636717720710586, 0.8959073941886353, 0.2723428182814803]);
  expect([...seededRandom(1).bytes(8)]).toEqual([144, 149, 229, 242, 69, 78, 152, 115]);
});

test.each([
  [0, 1],
  [1, 2],
  [1, 1 + 4_294_967_296],
  [7, 7 * 4_294_967_296],
])('seeds %i and %i have nothing in common', (a, b) => {
  const both = new Set([...draw(a, 1_000), ...draw(b, 1_000)]);

  expect(both.size).toBe(2_000);
});

test('numbers are spread evenly over [0, 1)', () => {
  const counts = new Array<number>(20).fill(0);
  for (const value of draw(42, 200_000)) {
    const cell = Math.floor(value * 20);
    counts[cell] = (counts[cell] ?? 0) + 1;
  }
  const chiSquare = counts.reduce(
    (sum, count) => sum + ((count - 10_000) * (count - 10_000)) / 10_000,
    0,
  );

  expect(counts).toHaveLength(20); // hence all lay below 1
  expect(chiSquare).toBeLessThan(43.8); // 19 degrees of freedom: 1 in 1,000 is larger
});

test('the first numbers of neighbouring seeds are spread evenly, too', () => {
  const firsts = Array.from({ length: 10_000 }, (_, seed) => draw(seed, 1)[0] as number);
  const mean = firsts.reduce((sum, value) => sum + value, 0) / firsts.length;

  expect(Math.abs(mean - 0.5)).toBeLessThan(0.01);
  expect(new Set(firsts).size).toBe(10_000);
});

test('bytes take every value', () => {
  expect(new Set(seededRandom(3).bytes(10_000)).size).toBe(256);
  expect(seededRandom(3).bytes(0)).toHaveLength(0);
});

test.each([-1, 0.5, Number.NaN])('%f is no seed', (seed) => {
  expect(() => seededRandom(seed)).toThrow(/^seed must be a whole number/);
});

test('streams of one seed have nothing in common, and each repeats itself', () => {
  const drawFrom = (seed: number, name: string) => {
    const { uniform } = streamOf(seed, name);
    return Array.from({ length: 500 }, uniform);
  };
  const names = Array.from({ length: 40 }, (_, i) => `client ${i}`);
  const all = [...names.flatMap((name) => drawFrom(1, name)), ...drawFrom(2, 'client 0')];

  expect(new Set(all).size).toBe(all.length);
  expect(drawFrom(1, 'client 7')).toEqual(drawFrom(1, 'client 7'));
});
