import { expect, test } from 'vitest';
import { IdempotencyTable } from './idempotency-table.ts';
import type { Repeat } from './record.ts';

const count = 20_000;
const hashes = Array.from({ length: count }, (_, i) => {
  const hash = Buffer.alloc(16);
  hash.writeUInt32LE(Math.imul(i, 0x9e_37_79_b1) >>> 0, 0);
  return new Uint8Array(hash);
});
const name = { writer: '0123456789abcdef', segment: 1 };
const windowMs = 600_000;

/** The plain form: a map from the hash as text, as long as nothing is ever forgotten. */
function inMap(): number {
  const map = new Map<string, { readonly repeat: Repeat; readonly atMs: number }>();
  for (const [ordinal, key] of hashes.entries()) {
    const receipt = { receipt: `${name.writer}-1-${ordinal}`, accepted: 1, rejected: [] };
    const id = Buffer.from(key).toString('latin1');
    if (!map.has(id)) map.set(id, { repeat: { receipt, body: key }, atMs: 0 });
  }
  return map.size;
}

function inTable(): number {
  const table = new IdempotencyTable({ windowMs, maxKeys: count, salt: Buffer.alloc(16, 7) });
  for (const [ordinal, key] of hashes.entries()) {
    table.add(name, { key, body: key, ordinal, accepted: 1, rejected: [], atMs: 0 }, 0);
  }
  return table.size;
}

test('20,000 keys: the table against a map', async ({ bench }) => {
  const results = await bench.compare(
    bench('a map', () => void inMap()),
    bench('the table', () => void inTable()),
  );
  const map = results.get('a map').throughput.p50;
  expect(results.get('the table').throughput.p50 / map).toBeGreaterThan(0.5);
});
