import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PlaceSet, rangesOf } from './place-set.ts';

const places = fc.array(fc.nat(60), { maxLength: 40 });
const ranges = fc.array(fc.tuple(fc.nat(60), fc.nat(8)), { maxLength: 30 });

test('ranges hold exactly the places they were made of', () => {
  fc.assert(
    fc.property(places, (all) => {
      const back = rangesOf(all).flatMap(([first, last]) =>
        Array.from({ length: last - first + 1 }, (_, i) => first + i),
      );
      expect(back).toEqual([...new Set(all)].sort((a, b) => a - b));
    }),
  );
});

test('a set of ranges is the same as a set of its places', () => {
  fc.assert(
    fc.property(ranges, fc.nat(60), fc.nat(60), (added, from, to) => {
      const set = new PlaceSet();
      const model = new Set<number>();
      for (const [first, more] of added) {
        set.add([first, first + more]);
        for (let place = first; place <= first + more; place += 1) model.add(place);
      }
      for (let place = 0; place < 70; place += 1) expect(set.has(place)).toBe(model.has(place));
      const inside = [...model].filter((place) => place >= from && place <= to);
      expect(set.countIn([from, to])).toBe(inside.length);
      set.dropBelow(from);
      for (let place = 0; place < 70; place += 1) {
        expect(set.has(place)).toBe(model.has(place) && place >= from);
      }
    }),
  );
});
