import { expect, test } from 'vitest';
import { TraceParser } from './trace-parser.ts';

const lines = 20_000;
const text = Array.from({ length: lines }, (_, i) => {
  return `{"us":${i * 8_640},"key":"k${i % 500}","events":1,"bytes":${200 + (i % 1_600)}}\n`;
}).join('');
const trace = new TextEncoder().encode(text);
const spaced = new TextEncoder().encode(text.replaceAll('{"us"', '{ "us"'));

function bytesIn(chunk: Uint8Array): number {
  let sum = 0;
  const parser = new TraceParser('bench', ({ bytes }) => {
    sum += bytes;
  });
  parser.push(chunk);
  parser.end();
  return sum;
}

/** What a short program would do. */
function bytesByParsing(chunk: Uint8Array): number {
  let sum = 0;
  for (const line of new TextDecoder().decode(chunk).split('\n')) {
    if (line !== '') sum += (JSON.parse(line) as { bytes: number }).bytes;
  }
  return sum;
}

test('twenty thousand lines of a trace', async ({ bench }) => {
  expect(bytesIn(trace)).toBe(bytesByParsing(trace));

  const results = await bench.compare(
    bench('straight from the bytes', () => bytesIn(trace)),
    bench('lines that are written otherwise', () => bytesIn(spaced)),
    bench('split, and JSON.parse', () => bytesByParsing(trace)),
  );

  const leastMs = (name: Parameters<typeof results.get>[0]) => results.get(name).latency.min;
  expect(leastMs('straight from the bytes')).toBeLessThan(0.5 * leastMs('split, and JSON.parse'));
});
