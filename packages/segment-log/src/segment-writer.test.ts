import { expect, test } from 'vitest';
import { BufferPool } from './buffer-pool.ts';
import { readCut } from './cut.ts';
import { encodeHead, frameBytes, type Secret, sealRecord } from './frame.ts';
import { copiedBytes } from './gather.ts';
import { MemoryDisk } from './memory-disk.ts';
import { type Fault, MemoryFiles, type Operation } from './memory-files.ts';
import { recover, secretOf } from './recover.ts';
import { CommitFailed, createSegment, type SegmentWriter } from './segment-writer.ts';
import { writeOnce } from './write-all.ts';

const place = { directory: '/d', segmentPath: '/d/1.open', cutPath: '/d/1.cut' };
const random = Buffer.from('0102030405060708', 'hex');
const bufferBytes = 256 * 1024;

/** A segment on a disk whose operations take effect one at a time, when `run` is called. */
async function segmentOn(
  faults: (operation: Operation, path: string) => Fault | undefined,
  old: Buffer = Buffer.alloc(0),
) {
  const disk = new MemoryDisk();
  const asked: (() => void)[] = [];
  const commits: number[] = [];
  const observer = {
    now: () => 0,
    committed: (_: number, records: number) => commits.push(records),
  };
  let armed = false;
  const fault = (operation: Operation, path: string) =>
    armed ? faults(operation, path) : undefined;
  const files = new MemoryFiles({ disk, defer: (task) => asked.push(task), fault });
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  const run = async () => {
    for (let idle = 0; idle < 2; idle += 1) {
      await settle();
      while (asked.length > 0) {
        idle = 0;
        asked.shift()?.();
        await settle();
      }
    }
  };
  const made = (async () => {
    await files.makeDirectory('/d');
    const pool = new BufferPool(bufferBytes, 4);
    const used = { path: '/d/0.used', bytes: old.length };
    const deps = { files, pool, random, observer };
    if (old.length === 0) return createSegment(place, Buffer.from('header'), deps);
    await writeOnce(await files.create(used.path), old);
    await files.syncDirectory('/d');
    return createSegment(place, Buffer.from('header'), { ...deps, used });
  })();
  await run();
  armed = true;
  return { commits, disk, files, run, writer: await made };
}

const works = () => undefined;
const append = (writer: SegmentWriter, meta: string, body = '') =>
  writer.append(Buffer.from(meta), Buffer.from(body));
const outcomeOf = (promise: Promise<void>) =>
  promise.then(
    () => 'kept' as const,
    (error: unknown) => error,
  );

function textsIn(disk: MemoryDisk, durableBytes = 0): string[] {
  const found = recover(disk.content(place.segmentPath), { cutBytes: Infinity, durableBytes });
  expect(found.verdict).toBe('clean');
  return [found.header as Uint8Array, ...found.records].map((record) =>
    Buffer.from(record).toString(),
  );
}

test('a new segment is durable with its header before anything is appended', async () => {
  const { disk } = await segmentOn(works);
  disk.losePower(() => 0.999);
  expect(textsIn(disk)).toEqual(['header']);
});

test('an append resolves when it is durable, and not before', async () => {
  const { disk, run, writer } = await segmentOn(works);
  let kept = false;
  const appended = append(writer, 'a', 'bc').then(() => {
    kept = true;
  });
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(kept).toBe(false);
  await run();
  await appended;
  disk.losePower(() => 0.999);
  expect(textsIn(disk)).toEqual(['header', 'abc']);
});

test('what is appended in one turn shares a commit, and what comes meanwhile the next one', async () => {
  const { commits, run, writer } = await segmentOn(works);
  const first = ['a', 'b', 'c'].map((text) => append(writer, text));
  await new Promise<void>((resolve) => setImmediate(resolve));
  const meanwhile = ['d', 'e'].map((text) => append(writer, text));
  await run();
  await Promise.all([...first, ...meanwhile]);
  expect(commits).toEqual([3, 2]);
});

test('meta is taken at once: its buffer may be used again', async () => {
  const { disk, run, writer } = await segmentOn(works);
  const meta = Buffer.from('meta');
  const kept = writer.append(meta, Buffer.from('-body'));
  meta.fill('x');
  await run();
  await kept;
  expect(textsIn(disk)).toEqual(['header', 'meta-body']);
});

test('large bodies and large metas go whole, between small ones', async () => {
  const { disk, run, writer } = await segmentOn(works);
  const large = 'L'.repeat(copiedBytes + 1);
  const huge = 'H'.repeat(bufferBytes + 1);
  const texts: [string, string][] = [
    ['a', 'b'],
    ['c', large],
    ['d', 'e'],
    [huge, 'f'],
    ['g', huge],
    ['h', 'i'],
    ...Array.from({ length: 9 }, (_, i): [string, string] => [`${i}`, 'x'.repeat(copiedBytes)]),
  ];
  const all = texts.map(([meta, body]) => append(writer, meta, body));
  await run();
  await Promise.all(all);
  await Promise.all([writer.end(), run()]);
  expect(textsIn(disk)).toEqual(['header', ...texts.map(([meta, body]) => meta + body)]);
  expect(writer.bytes).toBe(disk.content(place.segmentPath).length);
});

test('each commit tells how far the file was durable', async () => {
  const { disk, run, writer } = await segmentOn(works);
  for (const text of ['a', 'b']) {
    const kept = append(writer, text);
    await run();
    await kept;
  }
  const damaged = Buffer.from(disk.content(place.segmentPath));
  const at = damaged.indexOf('a', 40);
  damaged[at] = 0;
  expect(recover(damaged, { cutBytes: Infinity, durableBytes: 0 }).verdict).toBe('corrupt');
});

test.each([
  ['a write', 'write'],
  ['a sync', 'sync'],
] as const)('%s that fails ends the segment where it was durable', async (_, broken) => {
  let failures = 0;
  const { disk, run, writer } = await segmentOn((operation) => {
    if (failures === 0 || operation !== broken) return undefined;
    failures -= 1;
    return { code: 'EIO' };
  });
  const first = append(writer, 'first');
  await run();
  await first;
  failures = 1;
  // The third is gathered behind the commit that fails, the fourth comes when it has failed.
  const doomed = ['second', 'third'].map((text) => outcomeOf(append(writer, text)));
  await run();
  doomed.push(outcomeOf(append(writer, 'fourth')));
  for (const outcome of await Promise.all(doomed)) expect(outcome).toBeInstanceOf(CommitFailed);
  await Promise.all([writer.end(), run()]);
  disk.losePower(() => 0);
  expect(textsIn(disk)).toEqual(['header', 'first']);
});

test('a segment that cannot be cut says so, and remembers where it must be', async () => {
  const { disk, files, run, writer } = await segmentOn((operation, path) => {
    const ofSegment = path === place.segmentPath;
    return ofSegment && (operation === 'sync' || operation === 'truncate')
      ? { code: 'EIO' }
      : undefined;
  });
  const outcome = outcomeOf(append(writer, 'lost'));
  await run();
  expect(await outcome).toMatchObject({ cutError: { code: 'EIO' } });
  const ended = outcomeOf(writer.end());
  await run();
  expect(await ended).toBeInstanceOf(CommitFailed);

  const bytes = disk.content(place.segmentPath);
  const cut = readCut(files, place.cutPath, secretOf(bytes) as Secret);
  await run();
  const found = recover(bytes, { cutBytes: await cut, durableBytes: 0 });
  expect(found).toMatchObject({ verdict: 'clean', end: writer.durableBytes });
  expect(found.records).toEqual([]);
});

test('on a full disk the segment is cut, and nothing of the last commit is left', async () => {
  const { disk, run, writer } = await segmentOn(works);
  disk.capacityBytes = disk.usedBytes() + 40;
  const outcome = outcomeOf(append(writer, 'x'.repeat(100)));
  await run();
  expect(await outcome).toMatchObject({ cause: { code: 'ENOSPC' }, cutError: undefined });
  expect(textsIn(disk)).toEqual(['header']);
});

const path = place.segmentPath;
const kept = `kept${'x'.repeat(40)}`;

/** An earlier segment of 1,000 bytes, frame behind frame. */
function earlier(): Buffer {
  const { bytes, secret } = encodeHead(Buffer.from('8 others'), Buffer.from('earlier header'));
  const record = Buffer.alloc(frameBytes + 10, 'old');
  sealRecord(record, 0, record.length, secret);
  return Buffer.concat([bytes, Buffer.alloc(1_000 - bytes.length, record)]);
}

/** A segment in the file of an earlier one, with one commit. */
async function segmentInUsed(faults: Parameters<typeof segmentOn>[0] = works) {
  const made = await segmentOn(faults, earlier());
  const appended = append(made.writer, kept);
  await made.run();
  await appended;
  expect(made.disk.content(path).length).toBe(1_000);
  expect(made.disk.names.has('/d/0.used')).toBe(false);
  return made;
}

test('what a used file held is a torn tail until the segment ends, and then it is gone', async () => {
  const { disk, run, writer } = await segmentInUsed();
  const found = recover(disk.content(path), { cutBytes: Infinity, durableBytes: 0 });
  expect(found).toMatchObject({ verdict: 'torn', end: writer.durableBytes });
  expect(found.records.map((record) => Buffer.from(record).toString())).toEqual([kept]);

  await Promise.all([writer.end(), run()]);
  disk.losePower(() => 0.999);
  expect(textsIn(disk, Infinity)).toEqual(['header', kept]);
  expect(writer.hasFailed).toBe(false);
});

test('a used file that is filled beyond its end is not cut', async () => {
  const { disk, run, writer } = await segmentInUsed((operation) =>
    operation === 'truncate' ? { code: 'EIO' } : undefined,
  );
  const appended = append(writer, 'y'.repeat(2_000));
  await run();
  await appended;
  await Promise.all([writer.end(), run()]);
  expect(textsIn(disk, Infinity)).toEqual(['header', kept, 'y'.repeat(2_000)]);
});

test('a commit over old bytes that is lost leaves what was durable before it', async () => {
  const { disk, run, writer } = await segmentInUsed();
  append(writer, 'under way').catch(() => undefined);
  await new Promise<void>((resolve) => setImmediate(resolve));
  disk.losePower(() => 0.999);
  const found = recover(disk.content(path), { cutBytes: Infinity, durableBytes: 0 });
  expect(found).toMatchObject({ verdict: 'torn', end: writer.durableBytes });
  await run();
});

test('a commit over old bytes that fails is cut off with them', async () => {
  let isBroken = false;
  const { disk, run, writer } = await segmentInUsed((operation) =>
    isBroken && operation === 'write' ? { code: 'EIO' } : undefined,
  );
  isBroken = true;
  const outcome = outcomeOf(append(writer, 'lost'));
  await run();
  expect(await outcome).toMatchObject({ cutError: undefined });
  await Promise.all([writer.end(), run()]);
  disk.losePower(() => 0);
  expect(textsIn(disk, Infinity)).toEqual(['header', kept]);
  expect(writer.hasFailed).toBe(true);
});

test('old bytes that cannot be cut off are cut through another descriptor', async () => {
  const { disk, run, writer } = await segmentInUsed((operation, at) =>
    at.endsWith('.used') && operation === 'truncate' ? { code: 'EIO' } : undefined,
  );
  await Promise.all([writer.end(), run()]);
  disk.losePower(() => 0.999);
  expect(textsIn(disk, Infinity)).toEqual(['header', kept]);
  expect(writer.hasFailed).toBe(true);
});

test('where even that fails the end fails, and recovery knows how far the segment was good', async () => {
  const { disk, files, run, writer } = await segmentInUsed((operation) =>
    operation === 'truncate' ? { code: 'EIO' } : undefined,
  );
  const ended = outcomeOf(writer.end());
  await run();
  expect(await ended).toMatchObject({ code: 'EIO' });
  const bytes = disk.content(path);
  const cut = readCut(files, place.cutPath, secretOf(bytes) as Secret);
  await run();
  expect(await cut).toBe(writer.durableBytes);
  expect(recover(bytes, { cutBytes: await cut, durableBytes: await cut }).verdict).toBe('clean');
});
