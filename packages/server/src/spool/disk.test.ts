import { fork } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { crc32 } from 'node:zlib';
import { VirtualWorld } from '@weir/core/world/virtual';
import type { Files } from '@weir/segment-log/files';
import { nodeFiles } from '@weir/segment-log/node-files';
import { recover } from '@weir/segment-log/recover';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DiskSpoolDeps, openDiskSpool } from './disk.ts';
import { hashKey } from './idempotency.ts';
import { spoolContract } from './spool.contract.ts';
import type { Lease, Spool } from './spool.ts';
import { batchesIn, batchOf, idOf, leased, taken, testOptions, textsOf } from './spool-examples.ts';

let directory: string;
let open: Spool[];
const warnings: string[] = [];
beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/weir-spool-`);
  open = [];
  warnings.length = 0;
});
afterEach(async () => {
  for (const spool of open) await spool.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Seconds, so that writers of one test get names of their own. */
let seed = 0;
const newWorld = () => new VirtualWorld({ seed: ++seed });

async function openSpool(
  changes: Partial<DiskSpoolDeps> = {},
  options = testOptions,
): Promise<Spool> {
  const commit = () => undefined;
  const warn = (message: string) => warnings.push(message);
  const deps = { world: newWorld(), files: nodeFiles, warn, counts: { commit }, ...changes };
  const spool = await openDiskSpool({ ...options, directory }, deps);
  open.push(spool);
  return spool;
}

function pathIn({ source }: Lease): string {
  if ('path' in source) return source.path;
  throw new Error('a disk spool keeps no bytes');
}

const read = (lease: Lease): Uint8Array => readFileSync(pathIn(lease));

/** As a process that was killed leaves it: the lock is free, all else is as it was. */
async function openAndKill(texts: readonly string[], key?: string): Promise<void> {
  const program = new URL('./disk.child.ts', import.meta.url);
  const child = fork(program, [directory, ...(key === undefined ? [] : [key]), ...texts]);
  await once(child, 'message');
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const segmentFiles = () =>
  readdirSync(directory, { recursive: true })
    .map(String)
    .filter((name) => /\.(open|seg)$/.test(name))
    .sort();

spoolContract(async (options) => {
  const world = newWorld();
  const spool = await openSpool({ world }, options);
  return { spool, world, read: async (lease) => read(lease) };
});

test('what was answered is leased by the next process; what is done leaves nothing behind', async () => {
  const before = await openSpool();
  const receipt = await taken(before, batchOf('{"n":1}'));
  await before.close();

  const after = await openSpool();
  expect(after.status()).toMatchObject({ requests: 1, recovered: new Map([['acme', 1]]) });
  expect(after.ownerOf(idOf(receipt))).toBe('acme');
  const lease = await leased(after);
  expect(textsOf(batchesIn(read(lease)))).toEqual(['{"n":1}']);
  await lease.done();
  await after.close();
  expect(readdirSync(directory)).toEqual([]);
});

test('a killed process loses nothing that it answered', async () => {
  for (let round = 0; round < 3; round += 1) await openAndKill(['a', 'b', 'c']);
  const spool = await openSpool();
  expect(spool.status().recovered).toEqual(new Map([['acme', 9]]));
});

test('a torn tail is cut before the segment is lent', async () => {
  await openAndKill(['a', 'b']);
  const torn = segmentFiles().find((name) => name.endsWith('/1.open')) as string;
  const whole = readFileSync(`${directory}/${torn}`);
  const { end } = recover(whole, { cutBytes: Infinity, durableBytes: 0 });
  const good = whole.subarray(0, end);
  appendFileSync(`${directory}/${torn}`, good.subarray(24, 40));
  const spool = await openSpool();
  const bytes = read(await leased(spool));
  expect(Buffer.from(bytes).equals(good)).toBe(true);
  expect(textsOf(batchesIn(bytes))).toEqual(['a', 'b']);
});

const usedFiles = () =>
  readdirSync(directory, { recursive: true }).filter((name) => String(name).endsWith('.used'));

/** Fills a segment and delivers it; tells which file it was. */
async function fillAndDeliver(spool: Spool, text: string): Promise<number> {
  for (let i = 0; i < 10; i += 1) await taken(spool, batchOf(text.repeat(1_000)));
  const lease = await leased(spool);
  const bytes = read(lease);
  const { verdict, end } = recover(bytes, { cutBytes: Infinity, durableBytes: Infinity });
  expect({ verdict, end }).toEqual({ verdict: 'clean', end: bytes.length });
  expect(new Set(textsOf(batchesIn(bytes)))).toEqual(new Set([text.repeat(1_000)]));
  const { ino } = statSync(pathIn(lease));
  await lease.done();
  return ino;
}

test('the file of a segment that is done becomes a later one, and is gone after the stop', async () => {
  const spool = await openSpool();
  const inodes: number[] = [];
  for (const text of ['a', 'b', 'c', 'd', 'e', 'f']) inodes.push(await fillAndDeliver(spool, text));
  expect(new Set(inodes).size).toBeLessThan(inodes.length);
  expect(usedFiles().length).toBeLessThanOrEqual(1);
  await spool.seal();
  for (let left = spool.status().segments; left > 0; left -= 1) await (await leased(spool)).done();
  await spool.close();
  expect(readdirSync(directory)).toEqual([]);
});

test('a segment damaged where it was durable is set aside, and stays named', async () => {
  await openAndKill(['first', 'second', 'third']);
  const path = `${directory}/${segmentFiles().find((name) => name.endsWith('/1.open'))}`;
  const bytes = readFileSync(path);
  bytes[bytes.indexOf('first')] = 0;
  writeFileSync(path, bytes);

  const spool = await openSpool();
  const { quarantined, quarantinedSegments, recovered, requests } = spool.status();
  // What can still be read of it is counted, as found and as set aside.
  expect({ quarantined, recovered, requests }).toEqual({
    quarantined: new Map([['acme', 2]]),
    recovered: new Map([['acme', 2]]),
    requests: 0,
  });
  expect(quarantinedSegments).toEqual([expect.stringMatching(/\/quarantine\/\w{16}-1\.seg$/)]);
  expect(readFileSync(quarantinedSegments[0] as string).equals(bytes)).toBe(true);
  expect(warnings).toEqual([expect.stringContaining('is damaged and was set aside')]);
  await spool.close();
  const later = await openSpool();
  expect(later.status()).toMatchObject({ quarantinedSegments, quarantined: new Map() });
});

test('a segment of a newer format stops the start, and is left as it is', async () => {
  await openAndKill(['a']);
  const path = `${directory}/${segmentFiles().find((name) => name.endsWith('/1.open'))}`;
  const bytes = readFileSync(path);
  bytes[8] = 2;
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 20)), 20);
  writeFileSync(path, bytes);
  await expect(openSpool()).rejects.toThrow('segment format 2 is newer than this weir understands');
  expect(readFileSync(path).equals(bytes)).toBe(true);
});

test('a server that runs keeps its segments; when it dies another takes them over', async () => {
  const world = newWorld();
  const living = await openSpool({ world });
  const child = fork(new URL('./disk.child.ts', import.meta.url), [directory, 'theirs']);
  await once(child, 'message');
  await world.settleAll(world.now() + 31_000);
  expect(living.status().recovered).toEqual(new Map());

  child.kill('SIGKILL');
  await once(child, 'exit');
  world.advance(31_000);
  const lease = await leased(living);
  expect(textsOf(batchesIn(read(lease)))).toEqual(['theirs']);
  await lease.done();
  // It may have made another ahead; that one is delivered empty, and then nothing is left of it.
  for (let tries = 0; tries < 100 && readdirSync(directory).includes(lease.writer); tries += 1) {
    const next = await living.lease(AbortSignal.timeout(50));
    expect(next === undefined ? [] : batchesIn(read(next))).toEqual([]);
    await next?.done();
  }
  expect(readdirSync(directory).filter((name) => name !== 'keys')).toEqual([
    lease.writer === '' ? '' : expect.any(String),
  ]);
  expect(readdirSync(directory)).not.toContain(lease.writer);
});

test('a key is known to the next process, from the segment and when that is done', async () => {
  await openAndKill(['a', 'b'], '--key=k');
  const key = hashKey('acme', 'k');
  const first = await openSpool();
  const { receipt } = first.repeat(key) ?? {};
  expect(receipt).toMatchObject({ accepted: 1, rejected: [] });
  for (let left = first.status().segments; left > 0; left -= 1) await (await leased(first)).done();
  await first.close();
  expect(segmentFiles()).toEqual([]);

  const world = newWorld();
  const second = await openSpool({ world });
  expect(second.repeat(key)?.receipt).toEqual(receipt);
  world.advance(599_999); // here the wall clock is behind theirs: the key is as new
  expect(second.repeat(key)?.receipt).toEqual(receipt);
  world.advance(1);
  expect(second.repeat(key)).toBeUndefined();
});

test('refuses while the disk has no more free than is to be left', async () => {
  const bounds = { ...testOptions.bounds, minFreeBytes: Number.MAX_SAFE_INTEGER };
  const spool = await openSpool({}, { ...testOptions, bounds });
  expect(spool.reserve(1)).toMatchObject({ refused: 'over_capacity' });
});

test('tells how long each commit took, and how many requests shared it', async () => {
  const commits: number[] = [];
  const commit = (tookMs: number, requests: number) => {
    expect(tookMs).toBeGreaterThanOrEqual(0);
    commits.push(requests);
  };
  const spool = await openSpool({ counts: { commit } });
  await Promise.all(['a', 'b', 'c'].map((text) => taken(spool, batchOf(text))));
  expect(commits.reduce((sum, requests) => sum + requests, 0)).toBe(3);
});

const unfit: readonly (readonly [string, Partial<Files>])[] = [
  ['cannot link a file', { link: () => Promise.reject(new Error('EPERM')) }],
  ['links over a file that is there', { link: async () => undefined }],
  ['cannot sync a directory', { syncDirectory: () => Promise.reject(new Error('EINVAL')) }],
  ['does not lock files', { lock: async () => undefined }],
  ['does not give back what was written', { read: async () => Buffer.from('wei') }],
];
test.each(unfit)('does not start on a file system that %s', async (lack, broken) => {
  const files = { ...nodeFiles, ...broken };
  await expect(openSpool({ files })).rejects.toThrow(`the file system here ${lack}`);
});
