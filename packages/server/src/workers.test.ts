import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import type { Delivery, DeliveryEvents } from './delivery/delivery-events.ts';
import { decodeManifest, encodeManifest, type Manifest } from './delivery/manifest.ts';
import { pack } from './delivery/pack.ts';
import type { Packer } from './delivery/packer.ts';
import { exampleBatch, exampleHeader, segmentOf } from './delivery/segment-of.ts';
import { manifestKey } from './object-key.ts';
import type { Lease } from './spool/spool.ts';
import { MemoryStore } from './store/memory.ts';
import { putText } from './store/store.contract.ts';
import { SwitchableStore } from './store/switchable.ts';
import { deliver } from './workers.ts';

const { writer } = exampleHeader;
const keyOf = (segment: number, tenant = 'acme') =>
  `tenant=${tenant}/dt=2026-01-31/hour=10/${writer}-${segment}.ndjson.zst`;

/** Packs on this very thread. */
const packer: Packer = {
  pack: async (source) => {
    if ('path' in source) throw new Error('expected bytes');
    return pack(source.bytes);
  },
};

/** Segments of one batch each, leased in order; one that is given back comes last. */
function spoolOf(numbers: readonly number[]) {
  const waiting = [...numbers];
  const done: number[] = [];
  const quarantined: number[] = [];
  const wakes: (() => void)[] = [];
  let closed = false;
  const wake = () => {
    for (const each of wakes.splice(0)) each();
  };
  const lease = async (signal: AbortSignal): Promise<Lease | undefined> => {
    while (!signal.aborted && !closed) {
      const segment = waiting.shift();
      if (segment !== undefined) return leaseOf(segment);
      const { promise, resolve } = Promise.withResolvers<void>();
      wakes.push(resolve);
      signal.addEventListener('abort', () => resolve());
      await promise;
    }
    return undefined;
  };
  const leaseOf = (segment: number): Lease => ({
    writer,
    segment,
    source: { bytes: segmentOf([exampleBatch()], { ...exampleHeader, segment }) },
    done: async () => {
      done.push(segment);
      closed = done.length === numbers.length;
      wake();
    },
    release: () => {
      waiting.push(segment);
      wake();
    },
    quarantine: async () => {
      quarantined.push(segment);
    },
  });
  return { spool: { lease }, waiting, done, quarantined };
}

function setUp(numbers: readonly number[], maxWorkers = 1) {
  const world = new VirtualWorld({ seed: 1 });
  const inner = new MemoryStore();
  const store = new SwitchableStore(inner, world);
  const delivered: Delivery[] = [];
  const retried: unknown[] = [];
  const told: string[] = [];
  const events: DeliveryEvents = {
    delivered: (delivery) => delivered.push(delivery),
    retried: (_, error) => retried.push(error),
    dead: (key, reason) => told.push(`dead ${key}: ${reason}`),
    alarm: (key, detail) => told.push(`alarm ${key}: ${detail}`),
  };
  const stop = new AbortController();
  const { spool, ...held } = spoolOf(numbers);
  const backoff = { firstMs: 100, longestMs: 30_000 };
  const deps = { spool, packer, store, world, events, maxWorkers, writesAtOnce: 4, backoff };
  const start = () => deliver(deps, stop.signal);
  const keys = () => [...inner.objects.keys()].sort();
  return { ...deps, inner, delivered, retried, told, stop, ...held, start, keys };
}

function manifestOf(inner: MemoryStore, segment: number): Manifest {
  return decodeManifest(inner.objects.get(manifestKey(writer, segment)) as Uint8Array);
}

test('puts the objects, then the manifest, and only then lets the segment go', async () => {
  const { start, inner, keys, delivered, done } = setUp([1, 2]);
  await start();
  expect(keys()).toEqual([manifestKey(writer, 1), manifestKey(writer, 2), keyOf(1), keyOf(2)]);
  expect(done).toEqual([1, 2]);
  expect(delivered.map(({ manifest }) => manifest)).toEqual([
    manifestOf(inner, 1),
    manifestOf(inner, 2),
  ]);
  expect(manifestOf(inner, 1)).toMatchObject({
    writer,
    segment: 1,
    sealedAt: '2026-01-31T10:30:00.000Z',
    objects: [{ key: keyOf(1), state: 'stored', events: 1, tenants: { acme: 1 } }],
  });
});

test('a store in trouble is tried again until it works, and nothing is stored twice', async () => {
  const { start, store, world, keys, retried, done } = setUp([1, 2, 3], 2);
  store.misbehave({ trouble: 0.6, lostReply: 0.3 });
  const work = start();
  await world.settleAll();
  await work;
  expect(retried.length).toBeGreaterThan(5);
  expect(done.toSorted()).toEqual([1, 2, 3]);
  expect(keys()).toHaveLength(6);
});

test('waits between tries, and never for long', async () => {
  const { start, store, world, retried } = setUp([1]);
  store.misbehave({ trouble: 1 });
  const work = start();
  await world.settleAll(3_600_000);
  expect(retried.length).toBeGreaterThan(120); // at most 30 s apart
  expect(retried.length).toBeLessThan(500);
  store.misbehave({});
  await world.settleAll(3_630_000);
  await work;
});

test('one segment in trouble does not hold up the others', async () => {
  const { start, store, world, done, stop } = setUp([1, 2, 3]);
  const inner = store.put.bind(store);
  store.put = async (key, ...rest) => {
    if (key === keyOf(1)) store.misbehave({ trouble: 1 });
    try {
      return await inner(key, ...rest);
    } finally {
      store.misbehave({});
    }
  };
  const work = start();
  await world.settleAll(600_000);
  expect(done).toEqual([2, 3]);
  stop.abort();
  await work;
});

test('what its key refuses for good lies in _dead, whole, with its key and the reason', async () => {
  const { start, store, inner, keys, delivered, told } = setUp([1]);
  store.misbehave({ refuses: (key) => key.startsWith('tenant=') });
  await start();
  expect(keys()).toEqual([
    `_dead/${writer}/1-0`,
    `_dead/${writer}/1-0.json`,
    manifestKey(writer, 1),
  ]);
  const { objects } = pack(segmentOf([exampleBatch()], { ...exampleHeader, segment: 1 }));
  expect(inner.objects.get(`_dead/${writer}/1-0`)).toEqual(objects[0]?.bytes);
  const note = inner.objects.get(`_dead/${writer}/1-0.json`) as Uint8Array;
  expect(JSON.parse(Buffer.from(note).toString())).toEqual({
    version: 1,
    key: keyOf(1),
    reason: `${keyOf(1)} is refused, as the test wants it`,
    content: {
      contentSha256: objects[0]?.facts.sha256,
      contentBytes: objects[0]?.facts.contentBytes,
      codec: 'zstd',
    },
  });
  expect(delivered[0]?.manifest.objects[0]).toMatchObject({ key: keyOf(1), state: 'dead' });
  expect(told).toEqual([`dead ${keyOf(1)}: ${keyOf(1)} is refused, as the test wants it`]);
});

test('where even the dead letter is refused, the segment stays in the spool', async () => {
  const { start, store, world, keys, waiting, stop } = setUp([1]);
  store.misbehave({ refuses: (key) => !key.startsWith('_manifests/') });
  const work = start();
  await world.settleAll(60_000);
  stop.abort();
  await work;
  expect(keys()).toEqual([]);
  expect(waiting).toEqual([1]);
});

test('never overwrites a key that holds other lines: alarm, and a dead letter', async () => {
  const { start, inner, delivered, told } = setUp([1]);
  await putText(inner, keyOf(1), 'other lines');
  await start();
  expect(Buffer.from(inner.objects.get(keyOf(1)) as Uint8Array).toString()).toBe('other lines');
  expect(inner.objects.has(`_dead/${writer}/1-0`)).toBe(true);
  expect(delivered[0]?.manifest.objects[0]?.state).toBe('dead');
  expect(told[0]).toBe(`alarm ${keyOf(1)}: holds other lines than it should; ours went to _dead`);
});

test('a manifest that is there already is the one that counts', async () => {
  const { start, inner, delivered, done } = setUp([1, 2]);
  await start();
  const written = manifestOf(inner, 1);
  const objects = written.objects.map((object) => ({ ...object, state: 'dead' as const }));
  const dead = { ...written, objects };
  const again = setUp([1]);
  for (const [key, bytes] of inner.objects) again.inner.objects.set(key, bytes);
  again.inner.objects.set(manifestKey(writer, 1), encodeManifest(dead));
  await again.start();
  expect(again.delivered[0]?.manifest).toEqual(dead);
  expect(manifestOf(again.inner, 1)).toEqual(dead);
  expect([delivered.length, done]).toEqual([2, [1, 2]]);
});

test('a manifest that nobody can read keeps the segment in the spool and raises an alarm', async () => {
  const { start, inner, world, told, waiting, stop } = setUp([1]);
  await putText(inner, manifestKey(writer, 1), 'nonsense');
  const work = start();
  await world.settleAll(1_000);
  stop.abort();
  await work;
  expect(waiting).toEqual([1]);
  expect(told[0]).toMatch(/^alarm _manifests/);
});

test('a damaged segment is set aside, with an alarm', async () => {
  const { told, world, stop, quarantined, waiting, ...deps } = setUp([1]);
  const damaged: Packer = { pack: async () => pack(Buffer.from('nothing')) };
  const work = deliver({ ...deps, world, packer: damaged }, stop.signal);
  await world.settleAll(10_000);
  stop.abort();
  await work;
  expect([quarantined, waiting]).toEqual([[1], []]);
  expect(told).toEqual([`alarm ${writer}-1: set aside: the segment has no beginning`]);
});

test('a segment that could not be packed is reported and given back', async () => {
  const { retried, world, stop, waiting, start, ...deps } = setUp([1]);
  const broken: Packer = { pack: () => Promise.reject(new Error('out of memory')) };
  const work = deliver({ ...deps, world, packer: broken }, stop.signal);
  await world.settleAll(10_000);
  stop.abort();
  await work;
  expect(retried[0]).toEqual(new Error('out of memory'));
  expect(waiting).toEqual([1]);
});

test('stops at once in the middle of a put, without a word', async () => {
  const { start, store, world, stop, waiting, retried } = setUp([1, 2], 2);
  store.stop();
  const work = start();
  await world.settleAll();
  stop.abort();
  await work;
  expect(waiting.toSorted()).toEqual([1, 2]);
  expect(retried).toEqual([]);
});
