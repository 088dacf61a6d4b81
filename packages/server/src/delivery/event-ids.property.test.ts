import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventIds, idBytes } from './event-ids.ts';

const seeds = fc.stringMatching(/^[0-9a-f]{20}$/);
const instants = fc.integer({ min: 0, max: 2 ** 43 });

function idOf(seed: string, ms: number, n: number): string {
  const bytes = Buffer.alloc(idBytes);
  new EventIds(seed).write(bytes, 0, ms, n);
  return bytes.toString('latin1');
}

test('an id is a UUIDv7 of the arrival and of the seed counted up, in 74 bits', () => {
  fc.assert(
    fc.property(seeds, instants, fc.nat(2 ** 31 - 1), (seed, ms, n) => {
      const id = idOf(seed, ms, n);
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      const bits = BigInt(`0x${id.replaceAll('-', '')}`);
      expect(Number(bits >> 80n)).toBe(ms);
      const counted = (((bits >> 64n) & 0xfffn) << 62n) | (bits & ((1n << 62n) - 1n));
      expect(counted).toBe((BigInt(`0x${seed}`) + BigInt(n)) & ((1n << 74n) - 1n));
    }),
  );
});

test('counts on where the low half of the seed, or all of it, runs over', () => {
  expect(idOf('000000000000ffffffff', 0, 1)).toBe('00000000-0000-7000-8000-000100000000');
  expect(idOf('ffffffffffffffffffff', 0, 0)).toBe('00000000-0000-7fff-bfff-ffffffffffff');
  expect(idOf('ffffffffffffffffffff', 0, 1)).toBe('00000000-0000-7000-8000-000000000000');
});
