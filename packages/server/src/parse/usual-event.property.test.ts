import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkEvent } from './check-event.ts';
import { eventTexts } from './event-texts.model.ts';
import { all, limits } from './parsing.model.ts';
import { lackedByEach, lackedByUsual, unusual } from './usual-event.ts';

test('what it takes lacks what a closer look says it lacks', () => {
  fc.assert(
    fc.property(eventTexts, (drawn) => {
      const text = drawn.trim();
      const lacked = lackedByUsual(Buffer.from(text));
      return lacked === unusual || lacked === closerLook(text);
    }),
    { numRuns: 5_000 },
  );
});

test('it takes an array where it takes each of its events', () => {
  fc.assert(
    fc.property(fc.array(eventTexts, { minLength: 1, maxLength: 5 }), (drawn) => {
      const texts = drawn.map((text) => text.trim());
      const each = texts.map((text) => lackedByUsual(Buffer.from(text)));
      const wanted = each.includes(unusual) ? undefined : each;
      expect(lackedByEach(Buffer.from(`[${texts.join(' ,\n')}]`), limits.events)).toEqual(wanted);
    }),
    { numRuns: 1_000 },
  );
});

test.each([
  ['{"type":"a"}', all],
  ['{ "type" : "a" , "data" : [ { "n" : -1.5e3 } , null ] }', all],
  ['{"subject":"order/1","type":"é \\" \\u00e9","region":"eu","data":"\ud83d\ude00"}', all],
  ['{"specversion":"1.0","id":"x","source":"/s","type":"a","time":"2026-01-31T12:00:00Z"}', 0],
])('it takes %s', (text, lacked) => {
  expect(lackedByUsual(Buffer.from(text))).toBe(lacked);
  expect(lackedByEach(Buffer.from(`[${text},${text}]`), 2)).toEqual([lacked, lacked]);
});

test.each([
  ['no object', '"type"'],
  ['nothing', ''],
  ['text behind the event', '{"type":"a"}}'],
  ['no type', '{"data":1}'],
  ['an empty type', '{"type":""}'],
  ['a reserved name', '{"type":"a","weirtenant":"b"}'],
  ['a name that is escaped', '{"\\u0074ype":"a","type":"b"}'],
  ['a comma at the end', '{"type":"a",}'],
  ['a list where a text should be', '{"type":"a","subject":[]}'],
  ['a time that is none', '{"type":"a","time":"2026-02-30T00:00:00Z"}'],
  ['too many levels', `{"type":"a","data":${'['.repeat(100)}${']'.repeat(100)}}`],
])('it leaves %s to a closer look', (_what, text) => {
  expect(lackedByUsual(Buffer.from(text))).toBe(unusual);
  expect(lackedByEach(Buffer.from(`[${text}]`), 9)).toBeUndefined();
});

test('it leaves more events than a request may have to a closer look', () => {
  expect(lackedByEach(Buffer.from('[{"type":"a"},{"type":"b"}]'), 1)).toBeUndefined();
});

function closerLook(text: string): unknown {
  return checkEvent(JSON.parse(text), 0, Buffer.from(text));
}
