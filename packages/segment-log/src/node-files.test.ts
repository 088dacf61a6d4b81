import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { codeOf, removeFile } from './files.ts';
import { nodeFiles } from './node-files.ts';
import { writeAll, writeOnce } from './write-all.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/weir-files-`);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const failure = (promise: Promise<unknown>) => promise.then(() => 'no error', codeOf);

test('writes parts where it is told, one or many, for the eyes of the owner alone', async () => {
  const path = `${directory}/a`;
  const file = await nodeFiles.create(path);
  const write = (parts: string[], at: number) =>
    new Promise<Error | null>((resolve) =>
      writeAll(
        file,
        parts.map((part) => Buffer.from(part)),
        at,
        resolve,
      ),
    );
  expect(await write(['hello'], 0)).toBeNull();
  expect(await write([', ', 'wor', 'ld'], 5)).toBeNull();
  await file.sync();
  expect(readFileSync(path, 'utf8')).toBe('hello, world');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await file.truncate(5);
  await file.close();
  expect(Buffer.from(await nodeFiles.read(path)).toString()).toBe('hello');
  expect(await write(['x'], 0)).toMatchObject({ code: 'EBADF' });
});

test('creating a file that is there empties it; opening one that is not fails', async () => {
  const path = `${directory}/a`;
  await writeOnce(await nodeFiles.create(path), Buffer.from('old'));
  await (await nodeFiles.create(path)).close();
  expect(readFileSync(path, 'utf8')).toBe('');
  expect(await failure(nodeFiles.open(`${directory}/b`))).toBe('ENOENT');
});

test('names: made, linked once, moved, removed', async () => {
  const deep = `${directory}/x/y`;
  await nodeFiles.makeDirectory(deep);
  await nodeFiles.makeDirectory(deep);
  await writeOnce(await nodeFiles.create(`${deep}/a`), Buffer.from('1'));
  await nodeFiles.link(`${deep}/a`, `${deep}/b`);
  expect(await failure(nodeFiles.link(`${deep}/a`, `${deep}/b`))).toBe('EEXIST');
  await nodeFiles.rename(`${deep}/b`, `${deep}/c`);
  await nodeFiles.syncDirectory(deep);
  expect((await nodeFiles.list(deep)).sort()).toEqual(['a', 'c']);
  expect(await failure(nodeFiles.removeDirectory(deep))).toBe('ENOTEMPTY');
  for (const name of ['a', 'c', 'c']) await removeFile(nodeFiles, `${deep}/${name}`);
  await nodeFiles.removeDirectory(deep);
  expect(await failure(nodeFiles.list(deep))).toBe('ENOENT');
});

test('says what is free, and locks a directory', async () => {
  expect(await nodeFiles.freeBytes(directory)).toBeGreaterThan(0);
  const lock = await nodeFiles.lock(directory);
  expect(lock).toBeDefined();
  expect(await nodeFiles.lock(directory)).toBeUndefined();
  lock?.release();
});
