import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isJson, jsonTexts } from './json-texts.model.ts';
import { endOfValue, load, mostWalked, nowhere } from './json-walk.ts';

/** No text that is drawn here is nested so deep. */
const levels = 1_000;

test('it comes to the end of a text exactly where JSON.parse takes it', () => {
  fc.assert(
    fc.property(jsonTexts, (drawn) => {
      const text = drawn.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
      return (endOf(text) === Buffer.byteLength(text)) === isJson(text);
    }),
    { numRuns: 5_000 },
  );
});

test.each([
  ['', nowhere],
  ['"', nowhere],
  ['"\\', nowhere],
  ['"\\u12', nowhere],
  ['[', nowhere],
  ['[1', nowhere],
  ['[1,', nowhere],
  ['{"a"', nowhere],
  ['{"a":', nowhere],
  ['tru', nowhere],
  ['-', nowhere],
  ['1.', nowhere],
  ['1e', nowhere],
  ['01', 1],
  ['1 2', 1],
  ['{} x', 2],
])('%j ends where it should, whatever was walked before it', (text, end) => {
  endOf(JSON.stringify(Array.from({ length: 100 }, () => ({ a: '"}]0123456789ue' }))));
  expect(endOf(text)).toBe(end);
});

test('it goes as deep as it may and no deeper', () => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    const text = `${open.repeat(9)}1${close.repeat(9)}`;
    expect(endOf(text, 9)).toBe(text.length);
    expect(endOf(text, 8)).toBe(nowhere);
  }
});

test('it walks the largest text it may have, and stops at its end', () => {
  const text = `"${'x'.repeat(mostWalked - 2)}"`;
  expect(endOf(text)).toBe(mostWalked);
  expect(endOf('x'.repeat(mostWalked).replace('x', '"'))).toBe(nowhere);
});

function endOf(text: string, deepest = levels): number {
  load(Buffer.from(text));
  return endOfValue(0, deepest);
}
