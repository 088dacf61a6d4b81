import { VirtualWorld } from '@weir/core/world/virtual';
import { MemoryDisk } from '@weir/segment-log/memory-disk';
import { type Fault, MemoryFiles, type Operation } from '@weir/segment-log/memory-files';
import { expect, test } from 'vitest';
import { openDiskSpool } from './disk.ts';
import { hashKey } from './idempotency.ts';
import type { Lease } from './spool.ts';
import {
  answered,
  batchesIn,
  batchOf,
  keyedBatch,
  leased,
  taken,
  testOptions,
  textsOf,
} from './spool-examples.ts';

type FaultOf = (operation: Operation, path: string) => Fault | undefined;

/** A spool on a disk of which a test says what goes wrong, and when. */
async function setUp(disk: MemoryDisk = new MemoryDisk(), options = testOptions, seed = 1) {
  const world = new VirtualWorld({ seed });
  const broken = { fault: (() => undefined) as FaultOf };
  const files = new MemoryFiles({
    disk,
    defer: setImmediate,
    fault: (operation, path) => broken.fault(operation, path),
  });
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  const deps = { world, files, warn, counts: { commit: () => undefined } };
  const spool = await openDiskSpool({ ...options, directory: '/spool' }, deps);
  /** What is wrong once is wrong `times` times, for files of this kind. */
  const fail = (wrong: Operation, kind: RegExp, times = 1) => {
    let left = times;
    broken.fault = (operation, path) => {
      if (operation !== wrong || !kind.test(path) || left === 0) return undefined;
      left -= 1;
      return { code: 'EIO' };
    };
  };
  return { broken, disk, files, fail, spool, warnings, world };
}

const pause = async () => {
  for (let i = 0; i < 50; i += 1) await new Promise<void>((resolve) => setImmediate(resolve));
};

test('an append that cannot be written is refused, its room is free, and the next one works', async () => {
  const { disk, fail, spool, warnings } = await setUp();
  await taken(spool, batchOf('before'));
  fail('write', /1\.open$/);
  const refused = await Promise.all(['x', 'y'].map((text) => answered(spool, batchOf(text))));
  for (const answer of refused) expect(answer).toMatchObject({ refused: 'disk_trouble' });
  expect(spool.status()).toMatchObject({ requests: 1, failed: undefined });
  expect(warnings).toEqual([expect.stringMatching(/^segment 1 ended early: .*EIO/)]);
  const all = spool.reserve(testOptions.bounds.maxBytes - 1_000);
  expect(all).not.toHaveProperty('refused');

  expect(await taken(spool, batchOf('after'))).toMatchObject({
    receipt: expect.stringMatching(/-2-0$/),
  });
  await spool.seal();
  const first = await leased(spool);
  if (!('path' in first.source)) throw new Error('a disk spool keeps no bytes');
  expect(textsOf(batchesIn(disk.content(first.source.path)))).toEqual(['before']);
});

/** A segment with one batch that was kept, and one that was refused and could not be cut off. */
async function setUpUncut() {
  const made = await setUp();
  const { broken, spool } = made;
  await taken(spool, batchOf('kept'));
  let left = 1;
  broken.fault = (operation, path) => {
    if (!path.endsWith('/1.open') || (operation !== 'sync' && operation !== 'truncate')) return;
    if (operation === 'sync' && left === 0) return;
    left -= 1;
    return { code: 'EIO' };
  };
  expect(await answered(spool, batchOf('lost'))).toMatchObject({ refused: 'disk_trouble' });
  await pause();
  return made;
}

test('a segment that cannot be cut ends the taking until a restart, which cuts it', async () => {
  const { disk, files, spool, warnings } = await setUpUncut();
  expect(spool.status().failed).toContain('segment 1 could not be cut');
  expect(warnings.at(-1)).toContain('takes nothing until it is restarted');
  expect(spool.reserve(1)).toMatchObject({ refused: 'disk_trouble' });

  files.kill();
  const next = await setUp(disk, testOptions, 2);
  expect(next.spool.status()).toMatchObject({ requests: 1, failed: undefined });
});

test('damage before the place of a remembered cut is no torn tail', async () => {
  const { disk, files } = await setUpUncut();
  files.kill();
  const path = [...disk.names.keys()].find((name) => name.endsWith('/1.open')) as string;
  disk.flip(path, disk.content(path).indexOf('kept'));
  const next = await setUp(disk, testOptions, 2);
  expect(next.spool.status().quarantinedSegments.length).toBe(1);
});

test('while no segment can be begun appends are refused at once, and a second later tried again', async () => {
  const rules = { ...testOptions.rules, events: 1 };
  const { fail, spool, world } = await setUp(new MemoryDisk(), { ...testOptions, rules });
  fail('create', /\.open$/, 2);
  await taken(spool, batchOf('a'));
  await pause(); // the next segment could not be made ahead
  expect(await answered(spool, batchOf('b'))).toMatchObject({
    refused: 'disk_trouble',
    retryAfterMs: 1_000,
  });
  world.advance(1_000);
  expect(await answered(spool, batchOf('b'))).toMatchObject({ refused: 'disk_trouble' });
  world.advance(1_000);
  expect(await taken(spool, batchOf('b'))).toMatchObject({
    receipt: expect.stringMatching(/-2-0$/), // no number is left out
  });
});

test('a segment that cannot be removed is delivered once more by the next process', async () => {
  const { disk, fail, files, spool, warnings } = await setUp();
  await taken(spool, batchOf('a'));
  await spool.seal();
  fail('unlink', /\.seg$/);
  await (await leased(spool)).done();
  expect(spool.status()).toMatchObject({ requests: 0, segments: 0 });
  expect(warnings).toEqual([expect.stringContaining('could not remove segment')]);
  files.kill();
  const next = await setUp(disk, testOptions, 2);
  expect(next.spool.status()).toMatchObject({ requests: 1, recovered: new Map([['acme', 1]]) });
});

test('a segment that could not be taken in at the start is taken in later', async () => {
  const first = await setUp();
  await taken(first.spool, batchOf('a'));
  first.files.kill();
  const { disk } = first;
  const world = new VirtualWorld({ seed: 2 });
  let left = 1;
  const files = new MemoryFiles({
    disk,
    defer: setImmediate,
    fault(operation, path) {
      if (operation !== 'read' || !path.endsWith('/1.open') || left === 0) return undefined;
      left -= 1;
      return { code: 'EIO' };
    },
  });
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  const deps = { world, files, warn, counts: { commit: () => undefined } };
  const spool = await openDiskSpool({ ...testOptions, directory: '/spool' }, deps);
  expect(warnings).toEqual([expect.stringContaining('will try again: EIO')]);
  expect(spool.status().recovered).toEqual(new Map());
  world.advance(30_000);
  await pause();
  expect(spool.status().recovered).toEqual(new Map([['acme', 1]]));
});

test('what was found beyond the bounds is held, and nothing more until it is less', async () => {
  const first = await setUp();
  for (let i = 0; i < 60; i += 1) await taken(first.spool, batchOf(`${i}`));
  first.files.kill();
  const bounds = { ...testOptions.bounds, maxRequests: 55 };
  const { spool } = await setUp(first.disk, { ...testOptions, bounds }, 2);
  expect(spool.status().requests).toBe(60);
  expect(spool.reserve(1)).toMatchObject({ refused: 'over_capacity' });
  await (await leased(spool)).done();
  expect(spool.status().requests).toBe(10);
  expect(spool.reserve(1)).not.toHaveProperty('refused');
});

test('the disk is looked at while it fills', async () => {
  const bounds = { ...testOptions.bounds, minFreeBytes: 5_000 };
  const { disk, spool, world } = await setUp(new MemoryDisk(), { ...testOptions, bounds });
  disk.capacityBytes = disk.usedBytes() + 5_100;
  expect(spool.reserve(200)).not.toHaveProperty('refused'); // not looked at yet
  world.advance(1_000);
  await pause();
  expect(spool.reserve(200)).toMatchObject({
    refused: 'over_capacity',
    detail: expect.stringContaining('5000 bytes'),
  });
  disk.capacityBytes = Infinity;
  world.advance(1_000);
  await pause();
  expect(spool.reserve(200)).not.toHaveProperty('refused');
});

test('keys of finished segments are kept for their window, and not a day longer', async () => {
  const { disk, spool, world } = await setUp();
  await taken(spool, keyedBatch('a', 'k'));
  await spool.seal();
  await (await leased(spool)).done();
  const keyFiles = () => [...disk.names.keys()].filter((path) => path.endsWith('.keys'));
  expect(keyFiles().length).toBe(1);
  await world.settleAll(599_000);
  expect(keyFiles().length).toBe(1);
  await world.settleAll(660_000);
  await pause();
  expect(keyFiles()).toEqual([]);
});

test('a damaged segment is set aside with its keys kept; where that fails it is lent again', async () => {
  const { disk, fail, files, spool } = await setUp();
  const { receipt } = await taken(spool, keyedBatch('a', 'k'));
  await spool.seal();
  const lease = await leased(spool);
  fail('rename', /\.(seg|open)$/);
  await expect(lease.quarantine()).rejects.toThrow('EIO');
  expect(spool.status()).toMatchObject({ requests: 1, quarantinedSegments: [] });
  await (await leased(spool)).quarantine();
  expect(spool.status()).toMatchObject({ requests: 0, quarantined: new Map([['acme', 1]]) });

  files.kill();
  const next = await setUp(disk, testOptions, 2);
  expect(next.spool.repeat(hashKey('acme', 'k'))?.receipt.receipt).toBe(receipt);
});

test('a stop is not cut short by an empty segment that cannot be removed', async () => {
  const { disk, fail, files, spool, warnings } = await setUp();
  await taken(spool, batchOf('kept'));
  fail('unlink', /2\.(?:open|seg)$/);
  await spool.seal();
  expect(warnings).toEqual([expect.stringMatching(/not remove segment 2, which is empty: EIO/)]);
  expect(textsOf(batchesIn(await files.read(pathIn(await leased(spool)))))).toEqual(['kept']);
  await spool.close();
  files.kill();

  const next = await setUp(disk, testOptions, 2);
  expect(next.spool.status()).toMatchObject({ requests: 1, segments: 2 });
});

function pathIn({ source }: Lease): string {
  if (!('path' in source)) throw new Error('a disk spool keeps no bytes');
  return source.path;
}
