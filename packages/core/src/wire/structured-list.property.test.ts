import fc from 'fast-check';
import { parseList as referenceParse, serializeList, Token } from 'structured-headers';
import { expect, test } from 'vitest';
import { parseList, quote } from './structured-list.ts';

const strings = fc.string({ unit: 'grapheme-ascii', maxLength: 8 });
const bare = fc.oneof(
  strings,
  fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 }),
  fc.integer({ min: -9_999_999, max: 9_999_999 }).map((n) => n / 1_000),
  fc.boolean(),
  fc.constantFrom('a', 'x/y:z', '*').map((text) => new Token(text)),
);
const parameters = fc
  .array(fc.tuple(fc.constantFrom('r', 't', 'q', 'w', 'weir-burst', '*x.y_z'), bare))
  .map((entries) => new Map(entries));
const lists = fc.array(fc.tuple(bare, parameters), { maxLength: 5 });

test('reads whatever a structured list can hold', () => {
  fc.assert(
    fc.property(lists, (list) => {
      const read = parseList(serializeList(list));
      expect(read?.map((item) => [item.value, item.parameters])).toEqual(
        list.map(([value, all]) => [
          plain(value),
          new Map([...all].map(([k, v]) => [k, plain(v)])),
        ]),
      );
    }),
  );
});

test('takes and turns down the same texts as the reference', () => {
  // No dates: the reference turns a tab after one down, which RFC 9651 allows.
  const pieces = fc.constantFrom(
    '"a"',
    '"',
    '\\',
    ';',
    '; ',
    'r',
    'R',
    '=',
    '5',
    '-',
    '.',
    '1.5',
    ',',
    ', ',
    ' ',
    '?1',
    '?2',
    'tok',
    ':YQ==:',
    '\t',
    'é',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 8 }), (texts) => {
      const text = texts.join('');
      expect(parseList(text) !== undefined).toBe(isTakenByReference(text));
    }),
    { numRuns: 5_000 },
  );
});

test('what is quoted is read back', () => {
  fc.assert(
    fc.property(strings, (text) => {
      expect(parseList(quote(text))?.[0]?.value).toBe(text);
    }),
  );
});

test('dates, bytes and display strings are read as their text', () => {
  const items = parseList('"a";d=@1659578233;b=:YQ==:;s=%"f%c3%bc", @5');

  expect(items?.[0]?.parameters).toEqual(
    new Map([
      ['d', '@1659578233'],
      ['b', ':YQ==:'],
      ['s', '%"f%c3%bc"'],
    ]),
  );
  expect(items?.[1]?.value).toBe('@5');
});

test('a field of absurd length is not read', () => {
  expect(parseList('"a"')).toHaveLength(1);
  expect(parseList(`"${'a'.repeat(20_000)}"`)).toBeUndefined();
});

function plain(value: unknown): unknown {
  return value instanceof Token ? value.toString() : value;
}

function isTakenByReference(text: string): boolean {
  try {
    return referenceParse(text) !== undefined;
  } catch {
    return false;
  }
}
