import { expect, test } from 'vitest';
import { SlotList } from './slot-list.ts';

test('gives slots in the order of their time, however they came', () => {
  const slots = new SlotList();
  slots.add(300, true);
  slots.add(100, true);
  expect(slots.readyAtMs(0, 0)).toBe(100);

  slots.sent();
  expect(slots.readyAtMs(0, 1)).toBe(300);
});

test('who has none waits for its replies, and goes where there are none to come', () => {
  const slots = new SlotList();
  slots.add(100, true);
  slots.sent();

  expect(slots.readyAtMs(100, 1)).toBe(Infinity);
  expect(slots.readyAtMs(100, 0)).toBe(100);
});

test('a slot that is told again counts once: to the millisecond, or after a refusal', () => {
  const slots = new SlotList();
  slots.add(100, true);
  slots.add(100.4, true);
  slots.add(130, false); // the same, seen through a longer delay
  slots.sent();

  expect(slots.readyAtMs(0, 1)).toBe(Infinity);
});

test('released, it leads no more', () => {
  const slots = new SlotList();
  slots.add(100, true);
  slots.release();

  expect(slots.isLed).toBe(false);
  expect(slots.readyAtMs(0, 3)).toBe(Infinity);
});

test('keeps the next sixty-four, whatever it is told', () => {
  const slots = new SlotList();
  for (let i = 200; i > 0; i -= 1) slots.add(10 * i, true);
  for (let i = 1; i <= 64; i += 1) {
    expect(slots.readyAtMs(0, 0)).toBe(10 * i);
    slots.sent();
  }

  expect(slots.readyAtMs(0, 0)).toBe(0);
});
