import { createHash } from 'node:crypto';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Batch } from '../spool/record.ts';
import { sumsOf } from '../store/byte-sums.ts';
import { mostTraces, type PackedObject, pack } from './pack.ts';
import { exampleBatch, exampleHeader, segmentOf } from './segment-of.ts';

const of = (tenant: string, changes: Partial<Batch> = {}) => exampleBatch({ tenant, ...changes });
const sized = (tenant: string, bytes: number) =>
  of(tenant, { body: Buffer.from(`{"type":"t","data":"${'x'.repeat(bytes)}"}`) });

function linesOf({ bytes }: PackedObject): string[] {
  return zstdDecompressSync(bytes).toString('utf8').split('\n').slice(0, -1);
}

function ordinalsOf(object: PackedObject): number[] {
  return linesOf(object).map((line) => {
    const { weirreceipt } = JSON.parse(line) as { weirreceipt: string };
    return Number(weirreceipt.split('-')[2]);
  });
}

test('the same bytes always become the same objects', () => {
  const segment = segmentOf([of('a'), of('b'), of('a')]);
  expect(pack(segment)).toEqual(pack(Uint8Array.from(segment)));
});

test('each tenant gets an object with its lines in the order of arrival', () => {
  const { objects, ...segment } = pack(segmentOf([of('a'), of('bb'), of('a'), sized('bb', 99)]));
  expect(segment).toEqual({
    writer: exampleHeader.writer,
    segment: 7,
    sealedAt: '2026-01-31T10:30:00.003Z',
    codec: 'zstd',
    traces: [],
  });
  expect(objects.map(({ facts }) => facts.key)).toEqual([
    'tenant=bb/dt=2026-01-31/hour=10/abcdefghij012345-7.ndjson.zst',
    'tenant=a/dt=2026-01-31/hour=10/abcdefghij012345-7.ndjson.zst',
  ]);
  expect(objects.map(ordinalsOf)).toEqual([
    [1, 3],
    [0, 2],
  ]);
});

test('tells the truth about what it made', () => {
  const rejected = [{ index: 0, code: 'malformed' as const, detail: '' }];
  const partly = of('a', {
    shape: 'array',
    accepted: 2,
    rejected,
    body: Buffer.from('[1,{"type":"t"},{"type":"t"}]'),
  });
  const { objects } = pack(segmentOf([of('a'), of('b'), partly]));
  const [first] = objects as [PackedObject];
  const content = zstdDecompressSync(first.bytes);
  expect(first.facts).toEqual({
    key: 'tenant=a/dt=2026-01-31/hour=10/abcdefghij012345-7.ndjson.zst',
    events: 3,
    bytes: first.bytes.length,
    contentBytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    firstTime: '2026-01-31T10:30:00.000Z',
    lastTime: '2026-01-31T10:30:00.002Z',
    tenants: { a: 3 },
    gaps: { '2': [0] },
  });
  expect(objects[1]?.facts).not.toHaveProperty('gaps');
  expect(first.sums).toEqual(sumsOf(first.bytes));
});

test('ids that weir makes count through the whole segment, whichever object they are in', () => {
  const three = of('b', {
    shape: 'ndjson',
    accepted: 3,
    body: Buffer.from('{"type":"t"}\n'.repeat(3)),
  });
  const { objects } = pack(segmentOf([of('a'), three, of('a')]));
  const ids = objects.flatMap((object) =>
    linesOf(object).map((line) => (JSON.parse(line) as { id: string }).id.slice(-4)),
  );
  expect(ids).toEqual(['0123', '0127', '0124', '0125', '0126']);
});

test('more tenants than objects: the smallest share one', () => {
  const batches = Array.from({ length: 20 }, (_, i) => sized(`t${i}`, i));
  const { objects } = pack(segmentOf(batches));
  expect(objects).toHaveLength(16);
  const mixed = objects.at(-1) as PackedObject;
  expect(mixed.facts.key).toMatch(/^tenant=_mixed\//);
  expect(mixed.facts.tenants).toEqual({ t0: 1, t1: 1, t2: 1, t3: 1, t4: 1 });
  expect(ordinalsOf(mixed)).toEqual([0, 1, 2, 3, 4]);
});

test('of a segment sealed for its size, small tenants share one object', () => {
  const header = { ...exampleHeader, sealBytes: 2_000, ownObjectBytes: 1_000 };
  const batches = [of('small'), sized('large', 1_000), of('tiny'), sized('large', 900)];
  expect(pack(segmentOf(batches, header)).objects.map(ordinalsOf)).toEqual([
    [1, 3],
    [0, 2],
  ]);
  const unsealed = { ...header, sealBytes: 10_000 };
  expect(pack(segmentOf(batches, unsealed)).objects).toHaveLength(3);
});

test('a template without tenants gives one object for all', () => {
  const header = { ...exampleHeader, template: 'all/{writer}-{segment}' };
  const { objects } = pack(segmentOf([of('a'), of('b'), of('a')], header));
  expect(objects.map(({ facts }) => facts.key)).toEqual(['all/abcdefghij012345-7.ndjson.zst']);
  expect(objects[0]?.facts.tenants).toEqual({ a: 2, b: 1 });
});

test('an empty segment has no objects, and was sealed in its hour', () => {
  expect(pack(segmentOf([]))).toMatchObject({
    objects: [],
    sealedAt: '2026-01-31T10:00:00.000Z',
  });
});

test('the header says how objects are compressed', () => {
  const batches = [of('a'), of('a')];
  const [zstd] = pack(segmentOf(batches)).objects as [PackedObject];
  const [gzip] = pack(segmentOf(batches, { ...exampleHeader, codec: 'gzip' })).objects as [
    PackedObject,
  ];
  const [none] = pack(segmentOf(batches, { ...exampleHeader, codec: 'none' })).objects as [
    PackedObject,
  ];
  expect(gunzipSync(gzip.bytes).equals(zstdDecompressSync(zstd.bytes))).toBe(true);
  expect(gunzipSync(gzip.bytes).equals(none.bytes)).toBe(true);
  expect(gzip.facts.sha256).toBe(none.facts.sha256);
  expect(none.facts.bytes).toBe(none.facts.contentBytes);
  expect(Buffer.from(gzip.bytes.subarray(4, 8))).toEqual(Buffer.alloc(4)); // no time of its own
});

test('objects own their memory, so that they can move to another thread', () => {
  for (const codec of ['zstd', 'gzip', 'none', 'parquet'] as const) {
    const { objects } = pack(segmentOf([of('a'), of('b')], { ...exampleHeader, codec }));
    for (const { bytes } of objects) expect(bytes.buffer.byteLength).toBe(bytes.length);
  }
});

test('carries on the traces of sampled requests, up to a bound', () => {
  const trace = (flags: string) => `00-${'a'.repeat(32)}-${'b'.repeat(16)}-${flags}`;
  const { traces } = pack(
    segmentOf([
      of('bb', { traceparent: trace('00') }),
      of('a', { traceparent: trace('01') }),
      sized('bb', 9),
      of('bb', { traceparent: trace('03') }),
    ]),
  );
  expect(traces).toEqual([
    { traceparent: trace('03'), ordinal: 3, object: 0 },
    { traceparent: trace('01'), ordinal: 1, object: 1 },
  ]);
  const many = Array.from({ length: 200 }, () => of('a', { traceparent: trace('01') }));
  expect(pack(segmentOf([...many, of('b', { traceparent: trace('01') })])).traces).toHaveLength(
    mostTraces,
  );
});

test('refuses bytes that no spool wrote', () => {
  const segment = segmentOf([of('a'), of('a')]);
  const damaged = Buffer.from(segment);
  damaged[segment.length - 1] = (damaged.at(-1) as number) ^ 1;
  expect(() => pack(damaged)).toThrow(/damaged at byte/);
  expect(() => pack(segment.subarray(0, -1))).toThrow(/damaged at byte/);
  expect(() => pack(Buffer.from('nothing'))).toThrow(/no beginning/);
  expect(() => pack(segment.subarray(0, 24))).toThrow(/no header/);
  const newer = { ...exampleHeader, version: 2 } as unknown as typeof exampleHeader;
  expect(() => pack(segmentOf([], newer))).toThrow(/newer than this weir understands/);
});
