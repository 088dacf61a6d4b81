import fc from 'fast-check';
import { expect, test } from 'vitest';
import { holm } from './holm.ts';

// R 4.3: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm").
test('raises the least most, and keeps the order', () => {
  const adjusted = holm([0.01, 0.04, 0.03, 0.005]).map((value) => Number(value.toFixed(12)));
  expect(adjusted).toEqual([0.03, 0.06, 0.06, 0.02]);
});

test('one comparison needs no correction, none has none', () => {
  expect(holm([0.04])).toEqual([0.04]);
  expect(holm([])).toEqual([]);
});

test('never above 1, never below what was given, never out of order', () => {
  const chances = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 });
  fc.assert(
    fc.property(chances, (given) => {
      const adjusted = holm(given);
      return given.every((a, i) =>
        given.every((b, j) => {
          const [up, other] = [adjusted[i] as number, adjusted[j] as number];
          return up >= a && up <= 1 && (a >= b || up <= other);
        }),
      );
    }),
  );
});
