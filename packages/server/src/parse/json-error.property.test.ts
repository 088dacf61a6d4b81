import fc from 'fast-check';
import { test } from 'vitest';
import { findJsonError } from './json-error.ts';
import { isJson, jsonTexts } from './json-texts.model.ts';

const errorIn = (text: string) => {
  const bytes = Buffer.from(text);
  return findJsonError(bytes, 0, bytes.length);
};

test('it finds an error exactly where JSON.parse throws one', () => {
  fc.assert(
    fc.property(jsonTexts, (text) => (errorIn(text) === undefined) === isJson(text)),
    { numRuns: 5_000 },
  );
});

test('all that precedes the place it names could still have become JSON', () => {
  fc.assert(
    fc.property(jsonTexts, (text) => {
      const error = errorIn(text);
      if (error === undefined) return true;
      const before = Buffer.from(text).subarray(0, error.at);
      const again = findJsonError(before, 0, before.length);
      return again === undefined || again.at === before.length;
    }),
    { numRuns: 5_000 },
  );
});
