import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import wabt from 'wabt';
import { format, gapLists, jsonValues } from './json-text.model.ts';
import { Lines } from './lines.ts';
import { copyValue } from './scan-json.ts';
import { JsonSqueezer } from './squeeze-json.ts';

const squeezer = new JsonSqueezer();

/** The copy, and where the value ended. */
function squeeze(body: Buffer, at = 0): [string, number] {
  const lines = new Lines(body.length + 64);
  squeezer.load(body);
  const end = squeezer.copyValue(at, lines);
  return [lines.view.toString('utf8'), end];
}

test('the committed code is what its text says', async () => {
  const text = readFileSync(new URL('./squeeze-json.wat', import.meta.url), 'utf8');
  const code = readFileSync(new URL('./squeeze-json.wasm', import.meta.url));
  const module = (await wabt()).parseWat('squeeze-json.wat', text, { simd: true });
  expect(Buffer.from(module.toBinary({}).buffer).equals(code)).toBe(true);
});

test('copies like the loop that goes byte by byte, wherever a value begins and ends', () => {
  const arrays = fc.array(jsonValues, { maxLength: 6 });
  fc.assert(
    fc.property(arrays, gapLists, fc.nat(40), fc.string(), (values, gaps, before, behind) => {
      const { sent } = format(['[', values.map((value) => value.sent).join(' ,'), ']'], gaps);
      const text = sent.trimStart();
      const body = Buffer.from(`${' '.repeat(before)}${text}${behind}`);
      const lines = new Lines(body.length + 64);
      const end = copyValue(body, before, body.length, lines);
      expect(squeeze(body, before)).toEqual([lines.view.toString('utf8'), end]);
    }),
    { numRuns: 2_000 },
  );
});

test.each([1, 2, 3, 14, 15, 16, 17, 31, 32, 33])('%i backslashes before a quote', (count) => {
  for (let before = 0; before < 20; before += 1) {
    const end = count % 2 === 0 ? '"' : '" , "';
    const text = `{"a":"${'x'.repeat(before)}${'\\'.repeat(count)}${end} : 1 }`;
    const body = Buffer.from(text);
    const lines = new Lines(200);
    const ends = copyValue(body, 0, body.length, lines);
    expect(squeeze(body)).toEqual([lines.view.toString(), ends]);
    expect(ends).toBe(body.length);
  }
});

test('a value that does not end is an error, whatever lies behind it from a body before', () => {
  squeezer.load(Buffer.from(`${' '.repeat(40)}}}}}}}}}}}}}}}}}`));
  for (const text of ['{', '{"a":1', '[[]', '{"a":"}', '{"a":"\\"}', `{"a":"${'x'.repeat(90)}`]) {
    expect(() => squeeze(Buffer.from(text))).toThrow('does not end');
  }
});

test('takes bodies of any length, and gives the memory of large ones back', () => {
  for (const length of [10, 100_000, 5_000_000, 10, 300_000]) {
    const text = `{"a":"${'x'.repeat(length)}"}`;
    expect(squeeze(Buffer.from(`${text} `))[0] === text).toBe(true);
  }
});
