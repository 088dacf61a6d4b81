import { chmod, mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemWorld } from '@weir/core/world/system';
import { afterAll, expect, test } from 'vitest';
import { DirectoryStore } from './directory.ts';
import { getText, listAll, putText, storeContract } from './store.contract.ts';

const scratch = await mkdtemp(join(tmpdir(), 'weir-store-'));
let made = 0;

afterAll(() => rm(scratch, { recursive: true }));

function freshPath(): string {
  made += 1;
  return join(scratch, `${made}`);
}

function openAt(path: string): Promise<DirectoryStore> {
  return DirectoryStore.open({ path, world: systemWorld });
}

storeContract(() => openAt(freshPath()));

test('clears what a crash left half written an hour ago, and nothing that may be under way', async () => {
  const path = freshPath();
  await mkdir(join(path, '.tmp'), { recursive: true });
  await writeFile(join(path, '.tmp', 'half'), 'half');
  await writeFile(join(path, '.tmp', 'under-way'), 'half');
  const longAgo = systemWorld.date() / 1_000 - 3_700;
  await utimes(join(path, '.tmp', 'half'), longAgo, longAgo);
  const store = await openAt(path);
  expect(await readdir(join(path, '.tmp'))).toEqual(['under-way']);
  expect(await listAll(store, '')).toEqual([]);
});

test('leaves no temporary file behind, whatever came of a put', async () => {
  const path = freshPath();
  const store = await openAt(path);
  await putText(store, 'a/b', 'one');
  await putText(store, 'a/b', 'two');
  await putText(store, 'a/b/c', 'below a file').catch(() => undefined);
  expect(await readdir(join(path, '.tmp'))).toEqual([]);
});

test('never lists or names what is temporary', async () => {
  const path = freshPath();
  const store = await openAt(path);
  await writeFile(join(path, '.tmp', 'under-way'), 'x');
  expect(await listAll(store, '')).toEqual([]);
  await expect(putText(store, '.tmp/x', 'x')).rejects.toMatchObject({ kind: 'refused' });
});

test('objects can be read by the group and by nobody else', async () => {
  const path = freshPath();
  const store = await openAt(path);
  await putText(store, 'a/b', 'text');
  expect((await stat(join(path, 'a/b'))).mode & 0o777).toBe(0o640);
});

test('writes an object of several pieces whole', async () => {
  const store = await openAt(freshPath());
  const text = 'x'.repeat(3 * 1024 * 1024 + 17);
  expect(await putText(store, 'large', text)).toBe('created');
  expect(await getText(store, 'large')).toBe(text);
});

test('a key that needs a file to be a directory is refused for good', async () => {
  const store = await openAt(freshPath());
  await putText(store, 'a', 'file');
  await expect(putText(store, 'a/b', 'below it')).rejects.toMatchObject({ kind: 'refused' });
  await putText(store, 'd/e', 'file');
  await expect(putText(store, 'd', 'a directory')).rejects.toMatchObject({ kind: 'refused' });
});

test('makes a directory anew that somebody removed', async () => {
  const path = freshPath();
  const store = await openAt(path);
  await putText(store, 'a/b/c', 'one');
  await rm(join(path, 'a'), { recursive: true });
  expect(await putText(store, 'a/b/c', 'two')).toBe('created');
  expect(await getText(store, 'a/b/c')).toBe('two');
});

test('a disk that says no may say yes later: trouble, not a refusal', async () => {
  const path = freshPath();
  const store = await openAt(path);
  await rm(join(path, '.tmp'), { recursive: true });
  await expect(putText(store, 'a', 'x')).rejects.toMatchObject({
    name: 'StoreError',
    kind: 'trouble',
  });
});

test('says which directory it cannot use', async () => {
  const file = join(scratch, 'a-file');
  await writeFile(file, '');
  await chmod(file, 0o600);
  await expect(openAt(join(file, 'below'))).rejects.toThrow(/cannot use .*a-file\/below/);
});
