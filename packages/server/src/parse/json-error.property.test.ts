import fc from 'fast-check';
import { test } from 'vitest';
import { findJsonError } from './json-error.ts';

const spaced = fc
  .tuple(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t', '\r\n '))
  .map(([value, space]) => JSON.stringify(value, null, space));

/** Text that is JSON but for an edit or two, which may well leave it JSON. */
const edited = fc
  .tuple(
    spaced,
    fc.array(
      fc.record({
        at: fc.nat(),
        remove: fc.nat(3),
        insert: fc.stringMatching(/^[[\]{}:,"\\u0-9.eE+\-tfn ]{0,3}$/),
      }),
      { maxLength: 2 },
    ),
  )
  .map(([text, edits]) => {
    let result = text;
    for (const { at, remove, insert } of edits) {
      const place = at % (result.length + 1);
      result = result.slice(0, place) + insert + result.slice(place + remove);
    }
    return result.toWellFormed();
  });
const tokens = fc.stringMatching(/^[[\]{}:,"\\/bfnrtu0-9.eE+\-tfn \n]{0,12}$/);
const texts = fc.oneof(spaced, edited, tokens, fc.string());

const errorIn = (text: string) => {
  const bytes = Buffer.from(text);
  return findJsonError(bytes, 0, bytes.length);
};

test('it finds an error exactly where JSON.parse throws one', () => {
  fc.assert(
    fc.property(texts, (text) => (errorIn(text) === undefined) === isJson(text)),
    { numRuns: 5_000 },
  );
});

test('all that precedes the place it names could still have become JSON', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const error = errorIn(text);
      if (error === undefined) return true;
      const before = Buffer.from(text).subarray(0, error.at);
      const again = findJsonError(before, 0, before.length);
      return again === undefined || again.at === before.length;
    }),
    { numRuns: 5_000 },
  );
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
