import type { ReceiptStatus } from '@weir/core/wire/receipt';
import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { exampleBatch, exampleHeader } from '../delivery/segment-of.ts';
import { storeSegment } from '../delivery/stored-segment.model.ts';
import { contentOf, splitLines } from '../store/content.ts';
import { MemoryStore } from '../store/memory.ts';
import { SwitchableStore } from '../store/switchable.ts';
import { Receipts } from './receipts.ts';

const { signal } = new AbortController();
const { writer } = exampleHeader;
const bounds = { entries: 100, bytes: 1_000_000 };
const caches = { manifests: bounds, indexes: bounds };
const rejected = [0, 2].map((index) => ({ index, code: 'malformed' as const, detail: '' }));

/** Ordinals 0 to 4: of acme, b, acme (two of four events), acme, b. */
const batches = [
  exampleBatch(),
  exampleBatch({ tenant: 'b' }),
  exampleBatch({
    shape: 'array',
    accepted: 2,
    rejected,
    body: Buffer.from('[1,{"type":"second"},2,{"type":"fourth"}]'),
  }),
  exampleBatch(),
  exampleBatch({ tenant: 'b' }),
];

async function setUp({ mixed = false, refuse = false } = {}) {
  const inner = new MemoryStore();
  const store = new SwitchableStore(inner, new VirtualWorld({ seed: 1 }));
  if (refuse) store.misbehave({ refuses: (key) => key.startsWith('tenant=') });
  await storeSegment(store, batches, { maxObjects: mixed ? 1 : 16 });
  store.misbehave({});
  const reads: string[] = [];
  const get = inner.get.bind(inner);
  inner.get = (key, ...rest) => {
    reads.push(key);
    return get(key, ...rest);
  };
  const receipts = new Receipts({ ownerOf: () => undefined }, store, caches);
  const look = (ordinal: number, tenant: string) =>
    receipts.lookup({ writer, segment: 7, ordinal }, tenant, signal);
  return { inner, store, look, reads, receipts };
}

/** The event that a status points to, as its line says. */
async function typeAt(store: MemoryStore, status: ReceiptStatus | undefined, place: number) {
  const { object, line } = status?.events.at(place) ?? { object: 'none', line: 0 };
  const all: Buffer[] = [];
  const bytes = store.objects.get(object) as Uint8Array;
  for await (const some of splitLines(contentOf(bytes, 'zstd', 1e6))) all.push(...some);
  return JSON.parse(String(all[line - 1])) as { type: string; weirreceipt: string };
}

test.each([false, true])('leads to each event’s line (shared object: %s)', async (mixed) => {
  const { inner, look } = await setUp({ mixed });
  const status = await look(2, 'acme');
  expect(status).toMatchObject({ receipt: `${writer}-7-2`, state: 'stored' });
  expect(status?.events.map(({ index }) => index)).toEqual([1, 3]);
  expect(await typeAt(inner, status, 0)).toMatchObject({
    type: 'second',
    weirreceipt: `${writer}-7-2`,
  });
  expect(await typeAt(inner, status, 1)).toMatchObject({ type: 'fourth' });
  const last = await look(4, 'b');
  expect(await typeAt(inner, last, 0)).toMatchObject({ weirreceipt: `${writer}-7-4` });
});

test.each([false, true])('tells nobody of another’s batch (shared object: %s)', async (mixed) => {
  const { look } = await setUp({ mixed });
  expect(await look(2, 'b')).toBeUndefined();
  expect(await look(1, 'acme')).toBeUndefined();
  expect(await look(2, 'stranger')).toBeUndefined();
  expect(await look(2, 'constructor')).toBeUndefined();
  expect(await look(5, 'acme')).toBeUndefined();
});

test('a batch in the spool is queued, one that nobody has heard of is unknown', async () => {
  const { store, receipts } = await setUp();
  const id = { writer, segment: 8, ordinal: 0 };
  const receipt = `${writer}-8-0`;
  const queued = new Receipts(
    { ownerOf: ({ segment }) => (segment === 8 ? 'acme' : undefined) },
    store,
    caches,
  );
  expect(await queued.lookup(id, 'acme', signal)).toEqual({ receipt, state: 'queued', events: [] });
  expect(await queued.lookup(id, 'other', signal)).toBeUndefined();
  expect(await receipts.lookup(id, 'acme', signal)).toEqual({
    receipt,
    state: 'unknown',
    events: [],
  });
});

test('a dead batch is dead, before its letter was replayed and after', async () => {
  const { inner, store, look } = await setUp({ refuse: true });
  const dead = { receipt: `${writer}-7-2`, state: 'dead', events: [] };
  expect(await look(2, 'acme')).toEqual(dead);
  expect(await look(1, 'acme')).toBeUndefined();
  for (const place of [0, 1]) {
    const letter = `_dead/${writer}/7-${place}`;
    const note = inner.objects.get(`${letter}.json`) as Uint8Array;
    const { key } = JSON.parse(Buffer.from(note).toString()) as { key: string };
    inner.objects.set(key, inner.objects.get(letter) as Uint8Array);
    inner.objects.delete(letter);
  }
  const fresh = new Receipts({ ownerOf: () => undefined }, store, caches);
  const id = { writer, segment: 7, ordinal: 2 };
  expect(await fresh.lookup(id, 'acme', signal)).toEqual(dead);
  expect(await fresh.lookup(id, 'b', signal)).toBeUndefined();
});

test('reads a manifest and an object once, however many ask', async () => {
  const { look, reads } = await setUp();
  await Promise.all([look(0, 'acme'), look(2, 'acme'), look(3, 'acme')]);
  await look(2, 'acme');
  const objects = reads.filter((key) => key.startsWith('tenant='));
  expect(objects).toHaveLength(1);
  const before = reads.length;
  await look(0, 'acme');
  expect(reads).toHaveLength(before);
});

test('an object that is gone by now was stored all the same', async () => {
  const { inner, look } = await setUp();
  for (const key of inner.objects.keys()) {
    if (key.startsWith('tenant=')) inner.objects.delete(key);
  }
  expect(await look(2, 'acme')).toEqual({
    receipt: `${writer}-7-2`,
    state: 'stored',
    events: [],
  });
});

test('trouble in the store is the caller’s to hear, and does not block the next', async () => {
  const { store, look } = await setUp();
  store.misbehave({ trouble: 1 });
  await expect(look(2, 'acme')).rejects.toMatchObject({ name: 'StoreError' });
  store.misbehave({});
  expect((await look(2, 'acme'))?.state).toBe('stored');
});
