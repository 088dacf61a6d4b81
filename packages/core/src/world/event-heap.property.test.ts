import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventHeap } from './event-heap.ts';

const actions = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ push: fc.integer({ min: 0, max: 9 }) }) },
    { weight: 2, arbitrary: fc.record({ cancel: fc.nat(400) }) },
    { weight: 3, arbitrary: fc.record({ popUntil: fc.integer({ min: 0, max: 10 }) }) },
  ),
  { maxLength: 400, size: 'max' },
);

/** The same, as plainly as possible: a list that is sorted each time. */
class SortedList {
  #due: { readonly atMs: number; readonly order: number }[] = [];

  get size(): number {
    return this.#due.length;
  }

  push(atMs: number, order: number): void {
    this.#due.push({ atMs, order });
  }

  cancel(order: number): void {
    this.#due = this.#due.filter((due) => due.order !== order);
  }

  popUntil(untilMs: number) {
    this.#due.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
    const [first] = this.#due;
    return first !== undefined && first.atMs <= untilMs ? this.#due.shift() : undefined;
  }
}

test('behaves as a sorted list does, whatever is pushed, cancelled and taken out', () => {
  fc.assert(
    fc.property(actions, (steps) => {
      const heap = new EventHeap();
      const list = new SortedList();
      const cancels: (() => void)[] = [];
      let taken: number | undefined;
      const push = (atMs: number) => {
        const order = cancels.length;
        list.push(atMs, order);
        cancels.push(
          heap.push(atMs, () => {
            taken = order;
          }),
        );
      };
      const cancel = (order: number) => {
        list.cancel(order);
        cancels[order]?.();
      };
      const popUntil = (untilMs: number) => {
        taken = undefined;
        const popped = heap.popUntil(untilMs);
        popped?.task();
        expect({ atMs: popped?.atMs, order: taken }).toEqual({
          atMs: undefined,
          order: undefined,
          ...list.popUntil(untilMs),
        });
      };
      for (const step of steps) {
        if ('push' in step) push(step.push);
        else if ('cancel' in step) cancel(step.cancel);
        else popUntil(step.popUntil);
        expect(heap.size).toBe(list.size);
      }
    }),
  );
});

test('a cancel of a task that is done does not hit the one that took its place', () => {
  const heap = new EventHeap();
  const cancelFirst = heap.push(1, () => undefined);
  heap.popUntil(1);
  heap.push(2, () => undefined);

  cancelFirst();

  expect(heap.popUntil(2)?.atMs).toBe(2);
});

test('a hundred thousand tasks come out in order', () => {
  const heap = new EventHeap();
  let state = 1;
  for (let i = 0; i < 100_000; i += 1) {
    state = (Math.imul(state, 48_271) >>> 0) % 2_147_483_647;
    heap.push(state, () => undefined);
  }
  let last = -1;
  let count = 0;
  for (let due = heap.popUntil(Infinity); due; due = heap.popUntil(Infinity)) {
    if (due.atMs < last) throw new Error(`${due.atMs} came after ${last}`);
    last = due.atMs;
    count += 1;
  }
  expect(count).toBe(100_000);
});
