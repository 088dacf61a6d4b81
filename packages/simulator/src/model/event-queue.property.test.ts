import { seededRandom } from '@weir/core/world/random';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventQueue } from './event-queue.ts';

interface Step {
  readonly what: 'push' | 'take' | 'take and push';
  readonly entry: { readonly atUs: number; readonly code: number };
}

const what = fc.constantFrom<Step['what']>('push', 'push', 'take', 'take and push');
const stepsOf = (codes: number, longestUs: number) => {
  const entry = fc.record({ atUs: fc.nat(longestUs), code: fc.nat(codes - 1) });
  return fc.array(fc.record({ what, entry }), { maxLength: 300, size: 'max' });
};

interface Entry {
  readonly atUs: number;
  readonly code: number;
}

/** The same, as plainly as possible: a list that is sorted each time. */
class SortedList {
  nowUs = 0;
  #list: Entry[] = [];

  get size(): number {
    return this.#list.length;
  }

  push(atUs: number, code: number): void {
    this.#list.push({ atUs, code });
    this.#list.sort((a, b) => a.atUs - b.atUs || a.code - b.code);
  }

  take(untilUs: number): number {
    const [next] = this.#list;
    if (next === undefined || next.atUs > untilUs) return -1;
    this.#list = this.#list.slice(1);
    this.nowUs = next.atUs;
    return next.code;
  }
}

/** What is taken out by these steps, when, and how many are left then. */
function takenBy(queue: EventQueue | SortedList, steps: readonly Step[]): readonly number[][] {
  const taken: number[][] = [];
  for (const { what, entry } of steps) {
    if (what === 'take') taken.push([queue.take(entry.atUs), queue.nowUs, queue.size]);
    if (what === 'take and push') taken.push([queue.take(Infinity), queue.nowUs, queue.size]);
    if (what !== 'take') queue.push(entry.atUs, entry.code);
  }
  while (queue.size > 0) taken.push([queue.take(Infinity), queue.nowUs]);
  return taken;
}

/** Few codes are a heap, many a ring of 512 buckets: dense, sparse, and with nearly all beyond it. */
test.each([
  { codes: 50, spacingUs: 1, longestUs: 300 },
  { codes: 300, spacingUs: 64, longestUs: 300 },
  { codes: 300, spacingUs: 1, longestUs: 800 },
  { codes: 300, spacingUs: 7, longestUs: 20_000 },
])(
  'behaves as a list that is sorted by instant, then by code: $codes codes in $longestUs µs',
  ({ codes, spacingUs, longestUs }) => {
    fc.assert(
      fc.property(stepsOf(codes, longestUs), (steps) => {
        const queue = new EventQueue(codes, spacingUs);
        expect(takenBy(queue, steps)).toEqual(takenBy(new SortedList(), steps));
      }),
    );
  },
);

test('a calendar keeps its order over many turns of the ring', () => {
  const codes = 1_000;
  const { uniform } = seededRandom(1);
  const queue = new EventQueue(codes, 16);
  const dueUs = Array.from({ length: codes }, () => Math.floor(uniform() * 20_000));
  for (const [code, atUs] of dueUs.entries()) queue.push(atUs, code);
  let lastUs = 0;
  for (let i = 0; i < 100_000; i += 1) {
    const code = queue.take(Infinity);
    const atUs = queue.nowUs;
    if (atUs < lastUs || atUs !== dueUs[code]) throw new Error(`${code} at ${atUs} µs`);
    lastUs = atUs;
    const nextUs = atUs + Math.floor(uniform() * (uniform() < 0.01 ? 1_000_000 : 20_000));
    dueUs[code] = nextUs;
    queue.push(nextUs, code);
  }

  expect(queue.size).toBe(codes);
  expect(dueUs[queue.take(Infinity)]).toBe(Math.min(...dueUs));
});
