import { missing } from '@weir/core/wire/event';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isoTime } from './iso-time.ts';
import { LineEndings } from './line-endings.ts';
import { Lines } from './lines.ts';
import { exampleHeader, exampleMs } from './segment-of.ts';

/** One ending after the other, as an event without its last brace would get it. */
function endingsOf(places: readonly { ms?: number; tenant?: string; ordinal?: number }[]) {
  const endings = new LineEndings(exampleHeader);
  return places.map(({ ms = exampleMs, tenant = 'acme', ordinal = 0 }) => {
    const lines = new Lines(600);
    endings.append(lines, { tenant, arrivedAtMs: ms, ordinal, number: 0 }, missing.time);
    return JSON.parse(`{"type":"t"${lines.view.toString()}`) as Record<string, string>;
  });
}

test('every arrival gets its own time, in whatever order they come', () => {
  const instants = fc.oneof(
    fc.integer({ min: exampleMs - 70_000, max: exampleMs + 70_000 }),
    fc.integer({ min: 0, max: 4_102_444_800_000 }),
  );
  fc.assert(
    fc.property(fc.array(instants, { minLength: 1, maxLength: 20 }), (times) => {
      const found = endingsOf(times.map((ms) => ({ ms }))).map(({ time }) => time);
      expect(found).toEqual(times.map(isoTime));
    }),
  );
});

test('receipts count as far as ordinals do', () => {
  const ordinals = [0, 9, 10, 99, 1_000_000, 4_294_967_295];
  expect(endingsOf(ordinals.map((ordinal) => ({ ordinal })))).toEqual(
    ordinals.map((ordinal) => ({
      type: 't',
      time: isoTime(exampleMs),
      weirtenant: 'acme',
      weirreceipt: `${exampleHeader.writer}-7-${ordinal}`,
    })),
  );
});

test('keeps tenants apart, however many there are', () => {
  const tenants = Array.from({ length: 40_000 }, (_, i) => `t${(i * 7) % 20_000}`);
  const found = endingsOf(tenants.map((tenant) => ({ tenant }))).map((line) => line.weirtenant);
  expect(found).toEqual(tenants);
});
