import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type LineBatch, lineBatches } from './line-batches.ts';
import { withId } from './with-ids.ts';

const lines = fc.array(fc.oneof(fc.constant(''), fc.string({ maxLength: 30 })), { maxLength: 40 });
const bounds = fc.record({
  batchEvents: fc.integer({ min: 1, max: 7 }),
  batchBytes: fc.integer({ min: 1, max: 200 }),
});

async function cut(
  bytes: Uint8Array,
  chunkBytes: number,
  given: { batchEvents: number; batchBytes: number },
): Promise<LineBatch[]> {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  const batches: LineBatch[] = [];
  for await (const batch of lineBatches(chunks(), given)) batches.push(batch);
  return batches;
}

test('batches hold every line once, in order, however the bytes arrive', async () => {
  await fc.assert(
    fc.asyncProperty(
      lines,
      bounds,
      fc.integer({ min: 1, max: 50 }),
      async (texts, given, chunk) => {
        const clean = texts.map((text) => text.replaceAll(/[\n\r]/g, ' ').trim());
        const bytes = new TextEncoder().encode(clean.join('\n'));
        const batches = await cut(bytes, chunk, given);
        const found = batches.flatMap((batch) => batch.lines);
        const wanted = clean
          .map((text, i) => ({ number: i + 1, text }))
          .filter(({ text }) => text !== '');
        expect(found).toEqual(wanted);
        expect(await cut(bytes, bytes.length + 1, given)).toEqual(batches); // the same from any chunks
        let at = 0;
        for (const { from, to, lines: some } of batches) {
          expect(from).toBe(at);
          at = to;
          expect(some.length).toBeLessThanOrEqual(given.batchEvents);
        }
        expect(at).toBeLessThanOrEqual(bytes.length);
      },
    ),
  );
});

test('an event without an id gets one that depends on its place, and nothing else changes', () => {
  const line = { number: 7, text: '{ "type":"a", "n":9007199254740993 }' };
  const text = withId(line, 'run');
  expect(text).toBe(withId(line, 'run'));
  expect(text).toMatch(/^\{"id":"[0-9a-f-]{36}","type":"a", "n":9007199254740993 \}$/);
  expect(withId({ ...line, number: 8 }, 'run')).not.toBe(text);
  for (const kept of ['{"id":"x"}', '[1]', 'nonsense', '{"cut":']) {
    expect(withId({ number: 1, text: kept }, 'run')).toBe(kept);
  }
  expect(JSON.parse(withId({ number: 1, text: '{}' }, 'run'))).toHaveProperty('id');
});
