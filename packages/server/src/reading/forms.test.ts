import { expect, test } from 'vitest';
import { exampleBatch, exampleHeader } from '../delivery/segment-of.ts';
import { storeSegment } from '../delivery/stored-segment.model.ts';
import { codecOf, defaultTemplate } from '../object-key.ts';
import { MemoryStore } from '../store/memory.ts';
import type { Codec } from '../store/store.ts';
import { type LineStream, readHour, readObject, readReceipt } from './read-lines.ts';
import { Receipts } from './receipts.ts';
import { type Finding, verify } from './verify.ts';

// Whatever the form of its objects, a segment holds the same lines at the same places.

const { signal } = new AbortController();
const { writer, hourMs } = exampleHeader;
const bounds = { entries: 100, bytes: 1_000_000 };
const forms = ['zstd', 'gzip', 'none', 'parquet'] as const;

const rejected = [{ index: 0, code: 'malformed' as const, detail: '' }];
const batches = [
  exampleBatch({
    body: Buffer.from('{ "type":"t\\u00e9", "n": 1, "data": 12345678901234567890 }'),
  }),
  exampleBatch({ tenant: 'b' }),
  exampleBatch({
    shape: 'array',
    accepted: 2,
    rejected,
    body: Buffer.from('[1,{"type":"é","data":{"b":1.0,"a":[]}},{"type":"last","data":null}]'),
  }),
];

async function stored(codec: Codec, maxObjects = 16) {
  const store = new MemoryStore();
  const manifest = await storeSegment(store, batches, { codec, maxObjects, segment: 1 });
  return { store, manifest };
}

async function textOf(lines: LineStream | undefined): Promise<string[]> {
  const texts: string[] = [];
  for await (const some of lines ?? []) texts.push(...some.map(String));
  return texts;
}

async function findingsIn(store: MemoryStore): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const finding of verify({ store, spool: [] }, signal)) findings.push(finding);
  return findings;
}

test.each(forms)(
  '%s: objects, hours and receipts give the lines that were hashed',
  async (codec) => {
    const plain = await stored('none');
    const { store, manifest } = await stored(codec);
    const identity = ({ objects }: typeof manifest) =>
      objects.map(({ sha256, contentBytes, events }) => ({ sha256, contentBytes, events }));
    expect(identity(manifest)).toEqual(identity(plain.manifest));
    expect(manifest.objects.map(({ key }) => codecOf(key))).toEqual([codec, codec]);

    const [object] = manifest.objects;
    const [same] = plain.manifest.objects;
    const expected = await textOf(await readObject(plain.store, same?.key ?? '', signal));
    expect(expected).toHaveLength(3);
    expect(expected[0]).toContain('"type":"t\\u00e9","n":1,"data":12345678901234567890');
    expect(await textOf(await readObject(store, object?.key ?? '', signal))).toEqual(expected);
    const hour = { template: defaultTemplate, tenant: 'acme', hourMs };
    expect(await textOf(readHour(store, hour, signal))).toEqual(expected);
    const id = { writer, segment: 1, ordinal: 2 };
    expect(await textOf(await readReceipt(store, id, signal))).toEqual(expected.slice(1));
  },
);

test.each(forms)('%s: verify reads it, also where tenants share an object', async (codec) => {
  for (const maxObjects of [16, 1]) {
    expect(await findingsIn((await stored(codec, maxObjects)).store)).toEqual([]);
  }
});

test.each(forms)('%s: a receipt leads to the line of each event', async (codec) => {
  const { store } = await stored(codec, 1);
  const receipts = new Receipts({ ownerOf: () => undefined }, store, {
    manifests: bounds,
    indexes: bounds,
  });
  const status = await receipts.lookup({ writer, segment: 1, ordinal: 2 }, 'acme', signal);
  expect(status?.events.map(({ index, line }) => [index, line])).toEqual([
    [1, 3],
    [2, 4],
  ]);
  const object = status?.events[0]?.object ?? '';
  const lines = await textOf(await readObject(store, object, signal));
  expect(lines[2]).toContain('"type":"é","data":{"b":1.0,"a":[]}');
});

test.each(forms)('%s: verify tells of an object that is not what was put', async (codec) => {
  const { store, manifest } = await stored(codec);
  const [first, second] = manifest.objects;
  const bytes = Uint8Array.from(store.objects.get(first?.key ?? '') ?? []);
  bytes[Math.floor(bytes.length / 3)] = 0x58;
  store.objects.set(first?.key ?? '', bytes);
  store.objects.set(second?.key ?? '', bytes.subarray(0, 40));
  const found = await findingsIn(store);
  expect(found.map(({ kind }) => kind)).toContain('damage');
  expect(new Set(found.map(({ where }) => where))).toEqual(new Set([first?.key, second?.key]));
});
