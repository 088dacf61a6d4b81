import { VirtualWorld } from '@weir/core/world/virtual';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventWriter } from './event-text.ts';
import { resolveOptions } from './options.ts';
import { countBytes } from './utf8.ts';
import { uuidMaker } from './uuid-v7.ts';

const given = { apiKey: 'k', baseUrl: 'http://a', attributes: { source: '/shop' } };

test('bytes are counted as an encoder makes them, lone surrogates included', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(0xffff), (text, unit) => {
      const all = text + String.fromCharCode(unit) + text;
      expect(countBytes(all)).toBe(new TextEncoder().encode(all).length);
    }),
  );
});

test('what is written is JSON that says what was given, and its length in bytes', () => {
  const world = new VirtualWorld({ seed: 1 });
  const writer = new EventWriter(resolveOptions(given, {}), world);
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      fc.jsonValue(),
      fc.boolean(),
      (type, data, isPlain) => {
        const more = { id: 'i', subject: 's', source: '/own', attributes: { level: 3 } };
        const event = writer.write(type, data, isPlain ? undefined : more);
        const read = JSON.parse(event?.text ?? 'null');
        expect(read).toMatchObject({ type, source: isPlain ? '/shop' : '/own' });
        expect(JSON.stringify(read.data)).toBe(JSON.stringify(data));
        expect(event?.bytes).toBe(Buffer.byteLength(event?.text ?? ''));
        expect(event?.text).not.toContain('\n');
        if (!isPlain) expect(read).toMatchObject({ id: 'i', subject: 's', level: 3 });
      },
    ),
  );
});

test('ids are UUIDs of version 7 that sort by time and never repeat', () => {
  const world = new VirtualWorld({ seed: 1 });
  const makeId = uuidMaker(world);
  const ids: string[] = [];
  for (let n = 0; n < 10_000; n += 1) {
    if (n % 100 === 0) world.advance(1);
    ids.push(makeId());
  }
  expect(new Set(ids).size).toBe(10_000);
  for (const id of ids) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
  const times = ids.map((id) => id.slice(0, 13));
  expect(times).toEqual([...times].sort());
});
