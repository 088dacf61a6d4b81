import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockDirectory } from './lock.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/weir-lock-`);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const program = `
  import { lockDirectory } from ${JSON.stringify(new URL('./lock.ts', import.meta.url).href)};
  globalThis.lock = lockDirectory(${JSON.stringify('DIRECTORY')});
  console.log(globalThis.lock === undefined ? 'busy' : 'locked');
  setInterval(() => {}, 1000);
`;

async function anotherProcess() {
  const source = program.replace('DIRECTORY', directory);
  const child = spawn(process.execPath, ['--input-type=module', '-e', source]);
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, said: said.toString().trim() };
}

test('one owner at a time, in this process and in others', async () => {
  const lock = lockDirectory(directory);
  expect(lock).toBeDefined();
  expect(lockDirectory(directory)).toBeUndefined();
  const { child, said } = await anotherProcess();
  child.kill('SIGKILL');
  expect(said).toBe('busy');
  lock?.release();
  const again = lockDirectory(directory);
  expect(again).toBeDefined();
  again?.release();
});

test('the lock of a killed process is free at once', async () => {
  const { child, said } = await anotherProcess();
  expect(said).toBe('locked');
  expect(lockDirectory(directory)).toBeUndefined();
  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = lockDirectory(directory);
  expect(lock).toBeDefined();
  lock?.release();
});

test('there is no lock on a directory that is gone', () => {
  rmSync(directory, { recursive: true });
  expect(lockDirectory(directory)).toBeUndefined();
});
