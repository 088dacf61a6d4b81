import { isRefusal } from '@weir/core/wire/refusal';
import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import type { Slot } from '../spool/spool.ts';
import { BodyMemory, type SpoolRoom } from './body-memory.ts';

const room = { requests: 0, bytes: 0, maxRequests: 1_000, maxBytes: 1_000 };

/** A spool with room for `spoolBytes`, behind memory for 100. */
function memoryOver(spoolBytes = 1_000) {
  let held = 0;
  const hold = (bytes: number): boolean => {
    if (held + bytes > spoolBytes) return false;
    held += bytes;
    return true;
  };
  const spool: SpoolRoom = {
    room,
    holding: () => undefined,
    reserve: (bytes) => {
      if (!hold(bytes)) return { refused: 'over_capacity', detail: 'the spool is full' };
      return {
        grow: hold,
        append: async () => ({ receipt: 'r', accepted: 1, rejected: [] }),
        release: () => {},
      };
    },
  };
  return new BodyMemory(spool, 100, new VirtualWorld({ seed: 1 }));
}

function slotOf(memory: BodyMemory, bytes: number): Slot {
  const slot = memory.reserve(bytes);
  if (isRefusal(slot)) throw new Error(slot.detail);
  return slot;
}

const detailOf = (memory: BodyMemory, bytes: number): string | undefined => {
  const slot = memory.reserve(bytes);
  if (isRefusal(slot)) return slot.detail;
  slot.release();
  return undefined;
};

test('bodies beyond what memory may hold are refused at once, and told to come back soon', () => {
  const memory = memoryOver();
  const held = slotOf(memory, 80);
  expect(memory.reserve(21)).toMatchObject({
    refused: 'over_capacity',
    detail: '80 bytes of bodies are being taken in, at most 100 may be, and this is 21 more',
  });
  held.release();
  expect(detailOf(memory, 100)).toBeUndefined();
});

test('a body that grows counts as it grows', () => {
  const memory = memoryOver();
  const one = slotOf(memory, 60);
  expect(one.grow(30)).toBe(true);
  expect(one.grow(11)).toBe(false);
  expect(detailOf(memory, 11)).toContain('90 bytes');
  one.release();
  one.release();
  expect(detailOf(memory, 100)).toBeUndefined();
});

test('memory is held until the batch is answered, not only until it is appended', async () => {
  const memory = memoryOver();
  const slot = slotOf(memory, 100);
  await slot.append({} as never);
  expect(detailOf(memory, 1)).toContain('at most 100');
  slot.release();
  expect(detailOf(memory, 1)).toBeUndefined();
});

test('what the spool refuses holds no memory', () => {
  const memory = memoryOver(50);
  expect(detailOf(memory, 60)).toBe('the spool is full');
  const slot = slotOf(memory, 40);
  expect(slot.grow(20)).toBe(false);
  slot.release();
  expect(detailOf(memory, 101)).toContain('0 bytes of bodies');
});
