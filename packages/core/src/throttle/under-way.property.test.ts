import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UnderWay } from './under-way.ts';

const cost = { requests: 1, events: 1, bytes: 1 };
const steps = fc.array(fc.oneof(fc.constant('add' as const), fc.nat(60)), { maxLength: 200 });

test('behaves as a list from which anything may be taken once', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const underWay = new UnderWay();
      let list: number[] = [];
      for (const step of all) {
        if (step === 'add') {
          list.push(underWay.add(list.length, cost).sent);
        } else {
          const taken = underWay.take(step)?.sent;
          expect(taken).toBe(list.includes(step) ? step : undefined);
          list = list.filter((sent) => sent !== step);
        }
        expect(underWay.size).toBe(list.length);
        expect(underWay.all().map(({ sent }) => sent)).toEqual(list);
      }
    }),
  );
});
