import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cbrt, exp, ln } from './transcendental.ts';

const engine: Pick<Math, 'log' | 'exp' | 'cbrt'> = Math;

// The engine's own are the yardstick here: off by a few last bits, which is why they are not used.
const apart = (a: number, b: number) => (a === b ? 0 : Math.abs(a - b) / Math.abs(b));
const fewBits = 8e-16;
const positive = fc.double({ min: 1e-300, max: 1e300, noNaN: true });

test('ln, exp and cbrt agree with the engine to the last bits', () => {
  fc.assert(
    fc.property(positive, (x) => apart(ln(x), engine.log(x)) < fewBits || Math.abs(x - 1) < 1e-3),
  );
  fc.assert(
    fc.property(
      fc.double({ min: -700, max: 700, noNaN: true }),
      (x) => apart(exp(x), engine.exp(x)) < fewBits,
    ),
  );
  fc.assert(fc.property(positive, (x) => apart(cbrt(-x), engine.cbrt(-x)) < fewBits));
});

test.each([1.0001, 0.9999, 1 + Number.EPSILON, 1 - Number.EPSILON / 2])(
  'ln is exact near 1, at %f',
  (x) => {
    expect(apart(ln(x), engine.log(x))).toBeLessThan(fewBits);
  },
);

test('the same bits on every engine', () => {
  expect([ln(7), ln(0.3), exp(2), exp(-2.5), cbrt(2), cbrt(0.001)]).toEqual([
    1.9459101490553132, -1.2039728043259361, 7.38905609893065, 0.0820849986238988,
    1.2599210498948732, 0.1,
  ]);
});

test('what has no value or none that is finite', () => {
  expect([ln(0), ln(Infinity), exp(800), exp(-800), cbrt(0), cbrt(-Infinity)]).toEqual([
    -Infinity,
    Infinity,
    Infinity,
    0,
    0,
    -Infinity,
  ]);
  expect([ln(-1), exp(Number.NaN)]).toEqual([Number.NaN, Number.NaN]);
  expect(ln(5e-324)).toBeCloseTo(-744.4400719213812, 10);
});
