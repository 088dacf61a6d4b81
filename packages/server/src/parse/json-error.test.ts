import { expect, test } from 'vitest';
import { findJsonError } from './json-error.ts';

const errorIn = (text: string) => {
  const bytes = Buffer.from(text);
  return findJsonError(bytes, 0, bytes.length);
};

test.each([
  ['', 0, 'a value'],
  [' \n', 2, 'a value'],
  ['{', 1, 'a name in double quotes or "}"'],
  ['{"a"', 4, '":"'],
  ['{"a" 1}', 5, '":"'],
  ['{"a":}', 5, 'a value'],
  ['{"a":1', 6, '"," or "}"'],
  ['{"a":1]', 6, '"," or "}"'],
  ['{"a":1,}', 7, 'a name in double quotes'],
  ['{a:1}', 1, 'a name in double quotes or "}"'],
  ["{'a':1}", 1, 'a name in double quotes or "}"'],
  ['[', 1, 'a value or "]"'],
  ['[1', 2, '"," or "]"'],
  ['[1 2]', 3, '"," or "]"'],
  ['[1,]', 3, 'a value'],
  ['[,1]', 1, 'a value or "]"'],
  ['[}', 1, 'a value or "]"'],
  ['[[1}]', 3, '"," or "]"'],
  ['{}}', 2, 'the end'],
  ['1 2', 2, 'the end'],
  ['01', 1, 'the end'],
  ['-', 1, 'a digit'],
  ['+1', 0, 'a value'],
  ['.5', 0, 'a value'],
  ['1.', 2, 'a digit'],
  ['1e', 2, 'a digit'],
  ['1e+', 3, 'a digit'],
  ['nul', 3, '"null"'],
  ['True', 0, 'a value'],
  ['tru3', 3, '"true"'],
  ['falsy', 4, '"false"'],
  ['NaN', 0, 'a value'],
  ['undefined', 0, 'a value'],
  ['"a', 2, 'the end of the string'],
  ['"a\\', 3, 'an escape such as \\n or \\u00e9'],
  ['"\\x"', 2, 'an escape such as \\n or \\u00e9'],
  ['"\\u12g4"', 5, 'four hexadecimal digits after \\u'],
  ['"a\nb"', 2, 'no control character in a string, but an escape such as \\n'],
  ['[1] // so', 4, 'the end'],
  ['\u00a01', 0, 'a value'],
])('%j goes wrong at %i', (text, at, expected) => {
  expect(errorIn(text)).toEqual({ at, expected });
});

test('places are bytes of the whole, also where only a part is asked about', () => {
  const bytes = Buffer.from('é [1,x] é');
  expect(findJsonError(bytes, 3, 8)).toEqual({ at: 6, expected: 'a value' });
  expect(findJsonError(bytes, 3, 6)).toEqual({ at: 6, expected: 'a value' });
});

test('a million levels are followed without a stack', () => {
  const levels = 1_000_000;
  const half = levels / 2;
  const open = '{"a":['.repeat(half);
  expect(errorIn(`${open}${']}'.repeat(half)}`)).toBeUndefined();
  expect(errorIn(open)).toMatchObject({ at: open.length });
  expect(errorIn(`${open}${']}'.repeat(half - 1)}]]`)).toEqual({
    at: open.length + levels - 1,
    expected: '"," or "}"',
  });
});
