import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventQueue } from './event-queue.ts';

const codes = 50;
const entry = fc.record({ atUs: fc.nat(300), code: fc.nat(codes - 1) });
const steps = fc.array(
  fc.record({ what: fc.constantFrom('push', 'push', 'drop', 'replace', 'replace'), entry }),
  { maxLength: 400, size: 'max' },
);

type Entry = { readonly atUs: number; readonly code: number };

/** The same, as plainly as possible: a list that is sorted each time. */
function act(queue: EventQueue, list: readonly Entry[], what: string, entry: Entry): Entry[] {
  if (what === 'push') queue.push(entry.atUs, entry.code);
  else if (what === 'drop') queue.drop();
  else queue.replace(entry.atUs, entry.code);
  const kept = what === 'push' ? list : list.slice(1);
  const all = what === 'drop' ? [...kept] : [...kept, entry];
  return all.sort((a, b) => a.atUs - b.atUs || a.code - b.code);
}

test('behaves as a list that is sorted by instant, then by code', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const queue = new EventQueue(codes);
      let list: Entry[] = [];
      for (const { what, entry } of all) {
        if (list.length === 0 && what !== 'push') continue;
        list = act(queue, list, what, entry);

        expect(queue.size).toBe(list.length);
        expect(queue.nextUs()).toBe(list[0]?.atUs ?? Infinity);
        if (queue.size > 0) expect(queue.nextCode()).toBe(list[0]?.code);
      }
    }),
  );
});
