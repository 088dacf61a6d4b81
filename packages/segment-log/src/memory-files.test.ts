import { expect, test } from 'vitest';
import type { WritableFile } from './files.ts';
import { MemoryDisk } from './memory-disk.ts';
import { type Fault, MemoryFiles, type Operation } from './memory-files.ts';
import { writeDurably, writeOnce } from './write-all.ts';

const newFiles = (disk: MemoryDisk, fault?: (operation: Operation) => Fault | undefined) =>
  new MemoryFiles({ disk, defer: queueMicrotask, fault: fault ?? (() => undefined) });

/** Loses whatever may be lost, or keeps whatever may stay. */
const loseAll = () => 0.999;
const keepAll = () => 0;

async function diskWith(content: string) {
  const disk = new MemoryDisk();
  const files = newFiles(disk);
  await files.makeDirectory('/d');
  await writeOnce(await files.create('/d/a'), Buffer.from(content));
  await files.syncDirectory('/d');
  return { disk, files };
}

const commit = (file: WritableFile, text: string, at: number) =>
  new Promise<number>((resolve, reject) => {
    file.commit([Buffer.from(text)], at, (error, bytes) =>
      error === null ? resolve(bytes) : reject(error),
    );
  });

test('what was committed in a synced directory survives a loss of power', async () => {
  const { disk } = await diskWith('hello');
  disk.losePower(loseAll);
  expect(disk.content('/d/a').toString()).toBe('hello');
});

test('a name that was not synced may be lost, or not', async () => {
  const { disk, files } = await diskWith('hello');
  await files.rename('/d/a', '/d/b');
  await writeOnce(await files.create('/d/c'), Buffer.from('new'));
  disk.losePower(loseAll);
  expect([...disk.names.keys()].sort()).toEqual(['/', '/d', '/d/a']);

  await newFiles(disk).rename('/d/a', '/d/b');
  disk.losePower(keepAll);
  expect([...disk.names.keys()].sort()).toEqual(['/', '/d', '/d/b']);
});

test('a cut is lost unless it was synced', async () => {
  const { disk, files } = await diskWith('hello');
  const file = await files.open('/d/a');
  await file.truncate(1);
  expect(disk.content('/d/a').toString()).toBe('h');
  disk.losePower(loseAll);
  expect(disk.content('/d/a').toString()).toBe('hello');
});

test('of what was to replace something, some may be there and the old bytes beside it', async () => {
  const found = new Set<string>();
  for (let seed = 1; seed <= 1_000; seed += 1) {
    const { disk, files } = await diskWith('old!'.repeat(8));
    commit(await files.open('/d/a'), 'NEW.'.repeat(8), 0).catch(() => undefined);
    await Promise.resolve(); // it is written, and not synced
    disk.losePower(seededRandom(seed));
    found.add(disk.content('/d/a').toString('latin1'));
  }
  const [old, young] = ['old!'.repeat(8), 'NEW.'.repeat(8)];
  expect(found).toContain(old);
  expect(found).toContain(young);
  expect([...found].some((text) => /^NEW.*old!$/.test(text))).toBe(true);
  expect([...found].some((text) => /^NEW.*(?:old|ld!).*NEW\.$/.test(text))).toBe(true);
});

/** Numbers from 0 to below 1, by a seed. */
function seededRandom(seed: number): () => number {
  let state = Math.imul(seed, 2_654_435_761);
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test('what an error was reported for cannot be trusted even after a later sync', async () => {
  const { disk, files } = await diskWith('hello');
  const failing = newFiles(disk, (operation) =>
    operation === 'sync' ? { code: 'EIO' } : undefined,
  );
  const file = await failing.open('/d/a');
  await expect(commit(file, 'XYZ', 5)).rejects.toMatchObject({ code: 'EIO' });
  await (await files.open('/d/a')).sync();
  disk.losePower(keepAll);
  expect(disk.content('/d/a').subarray(0, 5).toString()).toBe('hello');
  expect(disk.content('/d/a').toString()).not.toBe('helloXYZ');
});

test('a full disk takes what fits, then nothing', async () => {
  const { disk, files } = await diskWith('hello');
  disk.capacityBytes = 7;
  const file = await files.open('/d/a');
  expect(await commit(file, 'XYZ', 5)).toBe(2);
  await expect(commit(file, 'Z', 7)).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(await files.freeBytes('/d')).toBe(0);
});

test('a killed process hears nothing more, and its locks are free', async () => {
  const { disk, files } = await diskWith('hello');
  expect(await files.lock('/d')).toBeDefined();
  expect(await newFiles(disk).lock('/d')).toBeUndefined();
  let heard = false;
  files.read('/d/a').then(
    () => {
      heard = true;
    },
    () => undefined,
  );
  files.kill();
  expect(await newFiles(disk).lock('/d')).toBeDefined();
  expect(heard).toBe(false);
});

test('names are exclusive to a link, and a directory in use stays', async () => {
  const { files } = await diskWith('hello');
  await files.link('/d/a', '/d/b');
  await expect(files.link('/d/a', '/d/b')).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(files.removeDirectory('/d')).rejects.toMatchObject({ code: 'ENOTEMPTY' });
  await writeDurably(await files.open('/d/b'), Buffer.from('J'));
  expect(Buffer.from(await files.read('/d/a')).toString()).toBe('Jello');
});
