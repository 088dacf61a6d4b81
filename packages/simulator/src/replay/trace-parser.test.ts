import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Arrival, TraceError, TraceParser } from './trace-parser.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

function read(text: string | Uint8Array, sizes: readonly number[] = []) {
  const seen: (Omit<Arrival, 'key'> & { key: string })[] = [];
  const parser: TraceParser = new TraceParser('t.ndjson', ({ us, key, events, bytes }) => {
    seen.push({ us, key: parser.keys.names[key] as string, events, bytes });
  });
  let rest = typeof text === 'string' ? bytesOf(text) : text;
  for (const size of sizes) {
    parser.push(rest.subarray(0, size));
    rest = rest.subarray(size);
  }
  parser.push(rest);
  parser.end();
  return seen;
}

test('reads what programs write, with and without the fields that may be missing', () => {
  const lines = [
    '{"us":0,"key":"acme","events":3,"bytes":812}',
    '{"us":15,"key":"acme"}',
    '{"us":15,"key":"b","bytes":7}',
  ];
  expect(read(lines.join('\n'))).toEqual([
    { us: 0, key: 'acme', events: 3, bytes: 812 },
    { us: 15, key: 'acme', events: 1, bytes: 0 },
    { us: 15, key: 'b', events: 1, bytes: 7 },
  ]);
});

test('reads any other JSON as well: spaces, another order, escapes, fields it does not know', () => {
  const lines = [
    '{ "key": "a\\u0063me", "us": 1 }',
    '{"us":2,"key":"acme","status":202}',
    '{"us":3,"key":"ac\\"me"}',
    '',
    '{"us":4,"key":"zoë"}\r',
  ];
  expect(read(`${lines.join('\n')}\n`).map(({ key }) => key)).toEqual([
    'acme',
    'acme',
    'ac"me',
    'zoë',
  ]);
});

test.each([
  ['{"us":1,"key":"a"}\n{"us":0,"key":"a"}', 'line 2: us: expected at least 1, that of the line'],
  ['{"us":1.5,"key":"a"}', 'line 1: us: expected a whole number from 0 up, not 1.5'],
  ['{"us":-1,"key":"a"}', 'line 1: us: expected a whole number from 0 up, not -1'],
  ['{"us":9007199254740993,"key":"a"}', 'line 1: us: expected a whole number'],
  ['{"key":"a"}', 'line 1: us: expected a whole number from 0 up, not nothing'],
  ['\n\n{"us":1}', 'line 3: key: expected a name, not nothing'],
  ['{"us":1,"key":""}', 'line 1: key: expected a name, not ""'],
  ['{"us":1,"key":"a","events":"3"}', 'line 1: events: expected a whole number from 0 up, not "3"'],
  ['{"us":1,"key":"a"', 'line 1: expected JSON'],
  ['[1]', 'line 1: us: expected'],
  ['7', 'line 1: expected an object'],
])('%s is no trace: %s', (text, expected) => {
  expect(() => read(text)).toThrow(TraceError);
  expect(() => read(text)).toThrow(`t.ndjson: ${expected}`);
});

test('bytes that are no UTF-8, and lines without an end, are no trace either', () => {
  expect(() => read(new Uint8Array([0x7b, 0xff, 0x7d]))).toThrow('line 1: expected JSON');
  expect(() => read('x'.repeat(70_000))).toThrow('line 1: expected at most 65536 bytes a line');
});

const names = fc.string({ minLength: 1, maxLength: 12, unit: 'binary' });
const arrivals = fc.array(
  fc.record({ gap: fc.nat(1_000), key: names, events: fc.nat(50), bytes: fc.nat(100_000) }),
  { maxLength: 30 },
);

test('what is written is read again, wherever the bytes are cut', () => {
  fc.assert(
    fc.property(arrivals, fc.array(fc.nat(60), { maxLength: 20 }), (some, cuts) => {
      let us = 0;
      const written = some.map(({ gap, ...rest }) => {
        us += gap;
        return { us, ...rest };
      });
      const text = written.map((each) => `${JSON.stringify(each)}\n`).join('');
      expect(read(text, cuts)).toEqual(written);
    }),
  );
});

test('tells thousands of keys apart', () => {
  const text = Array.from({ length: 5_000 }, (_, i) => `{"us":${i},"key":"k${i % 2_500}"}`).join(
    '\n',
  );
  const keys = read(text).map(({ key }) => key);
  expect(new Set(keys).size).toBe(2_500);
  expect(keys[4_321]).toBe('k1821');
});
