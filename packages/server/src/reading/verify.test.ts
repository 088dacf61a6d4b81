import { gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { replayLetters } from '../delivery/dead-letter.ts';
import { decodeManifest, encodeManifest, type Manifest } from '../delivery/manifest.ts';
import { exampleBatch, exampleHeader } from '../delivery/segment-of.ts';
import { storeSegment } from '../delivery/stored-segment.model.ts';
import { manifestKey } from '../object-key.ts';
import { MemoryStore } from '../store/memory.ts';
import type { Store } from '../store/store.ts';
import { SwitchableStore } from '../store/switchable.ts';
import { type Finding, type SpoolSegment, type VerifyTotals, verify } from './verify.ts';

const { signal } = new AbortController();
const { writer } = exampleHeader;
const keyOf = (segment: number, tenant = 'acme') =>
  `tenant=${tenant}/dt=2026-01-31/hour=10/${writer}-${segment}.ndjson.zst`;
const one = exampleBatch();
const other = exampleBatch({ tenant: 'b' });

async function run(store: Store, spool: readonly SpoolSegment[] = []) {
  const findings: Finding[] = [];
  const steps = verify({ store, spool }, signal);
  for (;;) {
    const step = await steps.next();
    if (step.done) return { findings, totals: step.value as VerifyTotals };
    findings.push(step.value);
  }
}

/** Segments 1 to `count` of one writer, each with two batches of acme and one of b. */
async function stored(count: number): Promise<MemoryStore> {
  const store = new MemoryStore();
  for (let segment = 1; segment <= count; segment += 1) {
    await storeSegment(store, [one, other, one], { segment });
  }
  return store;
}

function bytesAt(store: MemoryStore, key: string): Uint8Array {
  return store.objects.get(key) as Uint8Array;
}

test('finds nothing wrong with what was delivered, and counts it', async () => {
  const store = await stored(3);
  await storeSegment(store, [], { segment: 4 });
  const { findings, totals } = await run(store);
  expect(findings).toEqual([]);
  expect(totals).toMatchObject({ manifests: 4, objects: 6 });
  expect(Object.fromEntries(totals.ledger)).toEqual({
    acme: { stored: 6, dead: 0, queued: 0, quarantined: 0 },
    b: { stored: 3, dead: 0, queued: 0, quarantined: 0 },
  });
});

test('finds gaps in a writer’s segments, but not where a spool holds them', async () => {
  const store = await stored(7);
  for (const segment of [1, 3, 4]) {
    store.objects.delete(manifestKey(writer, segment));
    store.objects.delete(keyOf(segment));
    store.objects.delete(keyOf(segment, 'b'));
  }
  const gap = (detail: string) => ({ kind: 'gap', where: writer, detail });
  expect((await run(store)).findings).toEqual([
    gap('segment 1 has no manifest'),
    gap('segments 3 to 4 have no manifest'),
  ]);
  const events = new Map([['acme', 2]]);
  const held = (segment: number, quarantined: boolean) => ({
    writer,
    segment,
    events,
    quarantined,
  });
  const { findings, totals } = await run(store, [held(1, false), held(3, true), held(8, false)]);
  expect(findings).toEqual([
    {
      kind: 'quarantine',
      where: `${writer}-3`,
      detail: 'is damaged and was set aside in the spool',
    },
    gap('segment 4 has no manifest'),
  ]);
  expect(totals.ledger.get('acme')).toEqual({ stored: 8, dead: 0, queued: 4, quarantined: 2 });
});

test('counts a segment once that was delivered and is still in its spool', async () => {
  const store = await stored(1);
  const events = new Map([['acme', 2]]);
  const { totals } = await run(store, [{ writer, segment: 1, events, quarantined: false }]);
  expect(totals.ledger.get('acme')).toEqual({ stored: 2, dead: 0, queued: 0, quarantined: 0 });
});

test('finds objects that are missing, and those that no manifest names', async () => {
  const store = await stored(2);
  store.objects.delete(keyOf(1));
  store.objects.delete(manifestKey(writer, 2));
  store.objects.set('readme.txt', Buffer.from('not ours'));
  expect((await run(store)).findings).toEqual([
    { kind: 'missing', where: keyOf(1), detail: '2 events are not there' },
    ...['readme.txt', keyOf(2), keyOf(2, 'b')].map((where) => ({
      kind: 'unnamed',
      where,
      detail: 'no manifest names it: its lines do not count',
    })),
  ]);
});

test('an object whose manifest comes while it looks is not unnamed', async () => {
  const store = await stored(1);
  const manifest = bytesAt(store, manifestKey(writer, 1));
  store.objects.delete(manifestKey(writer, 1));
  const list = store.list.bind(store);
  store.list = (prefix, ...rest) => {
    if (prefix === '') store.objects.set(manifestKey(writer, 1), manifest);
    return list(prefix, ...rest);
  };
  expect((await run(store)).findings).toEqual([]);
});

test('an object whose segment is still in its spool is not unnamed, whoever died in between', async () => {
  const store = await stored(1);
  store.objects.delete(manifestKey(writer, 1));
  const events = new Map([['acme', 2]]);
  const waiting = { writer, segment: 1, events, quarantined: false };
  expect((await run(store, [waiting])).findings).toEqual([]);
  expect((await run(store)).findings).toHaveLength(2);
});

test('finds damage of every kind', async () => {
  const store = await stored(6);
  const key = keyOf(1);
  const lines = zstdDecompressSync(bytesAt(store, key)).toString();
  const put = (segment: number, text: string) =>
    store.objects.set(keyOf(segment), zstdCompressSync(text));
  put(1, lines.replace('order.paid', 'order.lost'));
  put(2, '');
  put(3, lines);
  store.objects.set(keyOf(4), bytesAt(store, keyOf(4)).subarray(0, -3));
  store.objects.set(keyOf(5), gzipSync(lines));
  store.objects.set(manifestKey(writer, 6), Buffer.from('{}'));
  const { findings } = await run(store);
  const wrong = 'its lines are not those that were put';
  const unreadable = 'the object cannot be decompressed';
  expect(findings.map(({ where, detail }) => [where, detail])).toEqual([
    [key, wrong],
    [keyOf(2), wrong],
    [keyOf(2), 'it holds 0 lines, and its manifest says 2'],
    [keyOf(2), 'its tenants are not those of its manifest'],
    [keyOf(3), wrong],
    [keyOf(3), '2 of its lines are not of its segment'],
    [keyOf(3), 'its tenants are not those of its manifest'],
    [keyOf(4), unreadable],
    [keyOf(5), unreadable],
    [manifestKey(writer, 6), 'manifest format undefined is not understood, only 1 is'],
    [keyOf(6), 'no manifest names it: its lines do not count'],
    [keyOf(6, 'b'), 'no manifest names it: its lines do not count'],
  ]);
  expect(new Set(findings.slice(0, 10).map(({ kind }) => kind))).toEqual(new Set(['damage']));
});

/** Changes a manifest, which nobody but a test does. */
function rewrite(store: MemoryStore, segment: number, change: (manifest: Manifest) => Manifest) {
  const key = manifestKey(writer, segment);
  store.objects.set(key, encodeManifest(change(decodeManifest(bytesAt(store, key)))));
}

test('finds events that are stored twice', async () => {
  const store = await stored(2);
  store.objects.set('copy.ndjson.zst', bytesAt(store, keyOf(1)));
  rewrite(store, 1, (manifest) => ({
    ...manifest,
    objects: manifest.objects.flatMap((object) =>
      object.key === keyOf(1) ? [object, { ...object, key: 'copy.ndjson.zst' }] : [object],
    ),
  }));
  rewrite(store, 2, (manifest) => ({
    ...manifest,
    objects: [...manifest.objects, manifest.objects[1] as Manifest['objects'][number]],
  }));
  expect((await run(store)).findings).toEqual([
    {
      kind: 'duplicate',
      where: 'copy.ndjson.zst',
      detail: 'lines of 2 batches are found twice in its segment',
    },
    { kind: 'duplicate', where: keyOf(2, 'b'), detail: 'two manifests name it' },
    {
      kind: 'duplicate',
      where: keyOf(2, 'b'),
      detail: 'lines of 1 batches are found twice in its segment',
    },
  ]);
});

test('a manifest under another’s name is damage', async () => {
  const store = await stored(1);
  store.objects.set(manifestKey(writer, 2), bytesAt(store, manifestKey(writer, 1)));
  expect((await run(store)).findings).toEqual([
    {
      kind: 'damage',
      where: manifestKey(writer, 2),
      detail: 'is the manifest of another segment',
    },
  ]);
});

test('tells of dead letters until they are replayed, and of those that nobody needs', async () => {
  const inner = new MemoryStore();
  const store = new SwitchableStore(inner, new VirtualWorld({ seed: 1 }));
  store.misbehave({ refuses: (key) => key.startsWith('tenant=') });
  await storeSegment(store, [one], { segment: 1 });
  store.misbehave({});
  inner.objects.set(`_dead/${writer}/9-0`, Buffer.from('?'));
  const before = await run(store);
  expect(before.findings).toEqual([
    { kind: 'letter', where: `_dead/${writer}/1-0`, detail: `belongs to ${keyOf(1)}` },
    {
      kind: 'letter',
      where: `_dead/${writer}/9-0`,
      detail: 'left over: no manifest says that it is dead',
    },
  ]);
  const ledger = { stored: 0, dead: 1, queued: 0, quarantined: 0 };
  expect(before.totals.ledger.get('acme')).toEqual(ledger);
  inner.objects.delete(`_dead/${writer}/9-0`);
  for await (const { outcome } of replayLetters(store, signal)) expect(outcome).toBe('stored');
  const after = await run(store);
  expect(after.findings).toEqual([]);
  expect(after.totals.ledger.get('acme')).toEqual({ ...ledger, stored: 1, dead: 0 });
  inner.objects.delete(keyOf(1));
  expect((await run(store)).findings).toEqual([
    { kind: 'missing', where: keyOf(1), detail: '1 events are not there' },
  ]);
});
