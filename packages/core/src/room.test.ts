import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Room } from './room.ts';

test('takes what fits, to the last byte and the last place', () => {
  const room = new Room({ maxCount: 2, maxBytes: 100 });

  expect(room.hold(1, 60)).toBe(true);
  expect(room.hold(1, 41)).toBe(false);
  expect(room.hold(1, 40)).toBe(true);
  expect(room.hold(1, 0)).toBe(false);
  expect(room.status()).toEqual({ maxCount: 2, maxBytes: 100, count: 2, bytes: 100 });
});

test('a no takes nothing', () => {
  const room = new Room({ maxCount: 1, maxBytes: 100 });

  expect(room.hold(1, 101)).toBe(false);
  expect(room.hold(2, 1)).toBe(false);
  expect(room.status()).toMatchObject({ count: 0, bytes: 0 });
});

test('what grows is held byte by byte, without a further place', () => {
  const room = new Room({ maxCount: 1, maxBytes: 100 });
  room.hold(1, 50);

  expect(room.hold(0, 50)).toBe(true);
  room.giveBack(1, 100);
  expect(room.status()).toMatchObject({ count: 0, bytes: 0 });
});

test('giving back more than is held is a mistake, and changes nothing', () => {
  const room = new Room({ maxCount: 5, maxBytes: 100 });
  room.hold(1, 10);

  expect(() => room.giveBack(2, 10)).toThrow(/more than was held/);
  expect(() => room.giveBack(1, 11)).toThrow(/more than was held/);
  expect(() => room.giveBack(-1, 0)).toThrow(RangeError);
  expect(room.status()).toMatchObject({ count: 1, bytes: 10 });
});

test.each([
  [-1, 5],
  [1, -5],
  [1, Number.NaN],
])('cannot hold %f things of %f bytes', (count, bytes) => {
  expect(() => new Room({ maxCount: 5, maxBytes: 100 }).hold(count, bytes)).toThrow(RangeError);
});

test('bounds are whole numbers from 1 up', () => {
  expect(() => new Room({ maxCount: 0, maxBytes: 1 })).toThrow(/^maxCount/);
  expect(() => new Room({ maxCount: 1, maxBytes: Infinity })).toThrow(/^maxBytes/);
});

test('never holds more than its bounds, and holds whatever fits', () => {
  const sizes = fc.array(fc.record({ count: fc.nat(3), bytes: fc.nat(60), back: fc.boolean() }));
  fc.assert(
    fc.property(sizes, (all) => {
      const room = new Room({ maxCount: 6, maxBytes: 150 });
      const held: { count: number; bytes: number }[] = [];
      for (const { back, ...wanted } of all) {
        const { count, bytes } = room.status();
        const fits = count + wanted.count <= 6 && bytes + wanted.bytes <= 150;
        expect(room.hold(wanted.count, wanted.bytes)).toBe(fits);
        if (fits) held.push(wanted);
        const first = back ? held.shift() : undefined;
        if (first !== undefined) room.giveBack(first.count, first.bytes);
        expect(room.status()).toMatchObject({
          count: held.reduce((sum, one) => sum + one.count, 0),
          bytes: held.reduce((sum, one) => sum + one.bytes, 0),
        });
      }
    }),
  );
});
