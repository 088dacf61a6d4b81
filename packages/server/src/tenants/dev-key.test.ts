import { chmod, mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemWorld } from '@weir/core/world/system';
import { expect, test } from 'vitest';
import { type Development, openDevelopment } from './dev-key.ts';
import { Keys } from './keys.ts';
import { makeTenants } from './tenants.ts';

const ceiling = { bodyBytes: 1, decodedBytes: 1, eventBytes: 1, events: 1 };

async function emptyPlace() {
  const folder = await mkdtemp(join(tmpdir(), 'weir-dev-key-'));
  return { folder, path: join(folder, 'data', 'dev-key') };
}

const open = async (path: string) => (await openDevelopment(path, systemWorld)) as Development;

test('the key is made once, for its owner alone, and opens the tenant dev', async () => {
  const { path } = await emptyPlace();
  const first = await open(path);
  const second = await open(path);
  expect(second.key).toBe(first.key);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(path, 'utf8')).toBe(`${first.key}\n`);

  const keys = new Keys(makeTenants(second.file, ceiling));
  const caller = keys.authenticate(`Bearer ${first.key}`);
  expect(caller).toMatchObject({ tenant: 'dev', scopes: new Set(['ingest', 'read']) });
  expect('quotas' in caller && caller.quotas.length).toBeGreaterThan(1);
});

test('servers that start at the same time get the same key and leave no draft', async () => {
  const { path } = await emptyPlace();
  const opened = await Promise.all(Array.from({ length: 8 }, () => open(path)));
  expect(new Set(opened.map(({ key }) => key)).size).toBe(1);
  expect(await readdir(join(path, '..'))).toEqual(['dev-key']);
});

test('a key that others could read is closed to them', async () => {
  const { path } = await emptyPlace();
  await open(path);
  await chmod(path, 0o644);
  await open(path);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('a file that holds no key is refused in one sentence that does not show it', async () => {
  const { folder } = await emptyPlace();
  const path = join(folder, 'dev-key');
  await writeFile(path, 'hunter2');
  const opened = await openDevelopment(path, systemWorld);
  expect(opened).toEqual({
    problems: [`${path}: holds no key; remove it, and the next start makes one`],
  });
});
