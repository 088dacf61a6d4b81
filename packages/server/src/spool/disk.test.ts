import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { VirtualWorld } from '@weir/core/world/virtual';
import { nodeFiles } from '@weir/segment-log/node-files';
import { afterEach, expect, test } from 'vitest';
import { openDiskSpool } from './disk.ts';
import { spoolContract } from './spool.contract.ts';
import { batchOf, taken, testOptions } from './spool-examples.ts';

const directories: string[] = [];
const newDirectory = () => {
  const directory = mkdtempSync(`${tmpdir()}/weir-spool-`);
  directories.push(directory);
  return directory;
};
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

const files = nodeFiles;

spoolContract(async (options) => {
  const world = new VirtualWorld({ seed: 1 });
  const spool = await openDiskSpool({ ...options, directory: newDirectory() }, { world, files });
  return {
    spool,
    world,
    async read({ source }) {
      if ('path' in source) return readFileSync(source.path);
      throw new Error('a disk spool keeps no bytes');
    },
  };
});

test('what was answered is leased by the next process', async () => {
  const directory = newDirectory();
  const world = new VirtualWorld({ seed: 1 });
  const options = { ...testOptions, directory };
  const before = await openDiskSpool(options, { world, files });
  await taken(before, batchOf('{"n":1}'));
  await before.close();

  const after = await openDiskSpool(options, { world, files });
  expect(after.status()).toMatchObject({ requests: 1, recovered: new Map([['acme', 1]]) });
  await after.close();
});
