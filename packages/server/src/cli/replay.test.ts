import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemWorld } from '@weir/core/world/system';
import { expect, test } from 'vitest';
import { writeLetter } from '../delivery/dead-letter.ts';
import { DirectoryStore } from '../store/directory.ts';
import { contentOfLines, getText, listAll, putText } from '../store/store.contract.ts';
import { weir } from './run-weir.model.ts';

const { signal } = new AbortController();

/** A store with a dead letter for each of these keys. */
async function deadLetters(...keys: string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'weir-replay-'));
  const config = join(folder, 'weir.json');
  await writeFile(config, JSON.stringify({ WEIR_DATA_DIR: folder }));
  const store = await DirectoryStore.open({ path: join(folder, 'store'), world: systemWorld });
  for (const [index, key] of keys.entries()) {
    const facts = { writer: 'w', segment: 1, reason: 'denied', content: contentOfLines('x\n') };
    await writeLetter(store, { ...facts, index, key, bytes: Buffer.from('x\n') }, signal);
  }
  return { store, config: ['--config', config] };
}

test('replay delivers every dead letter, once, and leaves none behind', async () => {
  const { store, config } = await deadLetters('a/1.ndjson', 'b/1.ndjson');
  expect(await weir('replay', ...config)).toEqual({
    exit: 0,
    out: '2 dead letters delivered\n',
    err: '',
  });
  expect(await getText(store, 'a/1.ndjson')).toBe('x\n');
  expect((await listAll(store, '')).map(({ key }) => key)).toEqual(['a/1.ndjson', 'b/1.ndjson']);
  expect((await weir('replay', ...config)).out).toBe('no dead letters\n');
});

test('replay overwrites nothing, and tells what stays and why', async () => {
  const { store, config } = await deadLetters('a/1.ndjson', 'b/1.ndjson', 'b/1.ndjson/below');
  await putText(store, 'a/1.ndjson', 'others\n');
  const { exit, out } = await weir('replay', ...config);
  expect(exit).toBe(1);
  const lines = out.split('\n');
  expect(lines[0]).toBe('_dead/w/1-0: stays, since a/1.ndjson holds other lines');
  expect(lines[1]).toMatch(/^_dead\/w\/1-2: stays, cannot store b\/1\.ndjson\/below/);
  expect(lines[2]).toBe('1 dead letter delivered, 2 dead letters left');
  expect(await getText(store, 'a/1.ndjson')).toBe('others\n');

  const { json, exit: again } = await weir('replay', '--json', ...config).then((ran) => ({
    ...ran,
    json: JSON.parse(ran.out) as object,
  }));
  expect(again).toBe(1);
  expect(json).toMatchObject({ stored: 0, conflict: 1, refused: 1 });
});

test('replay says which store there is none of', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-replay-'));
  const config = join(folder, 'weir.json');
  await writeFile(config, JSON.stringify({ WEIR_DATA_DIR: folder }));
  const { exit, err } = await weir('replay', '--config', config);
  expect([exit, err]).toEqual([1, expect.stringMatching(/^weir: there is no store at /)]);
});
