import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const launcher = fileURLToPath(new URL('../../bin/weir-sim.mjs', import.meta.url));
/** As under a Node that can neither run the sources nor become another program. */
const asNode20 = `--import=data:text/javascript,${encodeURIComponent(`
  process.execve = undefined;
  const versions = { ...process.versions, node: '20.20.2' };
  Object.defineProperty(process, 'versions', { value: versions });
`)}`;

function start(flags: readonly string[], args: readonly string[]) {
  const child = spawn(process.execPath, [...flags, launcher, ...args]);
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, out: text(child.stdout), err: text(child.stderr), closed: once(child, 'close') };
}

test.each([[[]], [[asNode20]]])('arguments go in, the exit code comes out %#', async (flags) => {
  const { out, err, closed } = start(flags, ['run', 'H1', '--strategy', 'hope']);
  expect(await closed).toEqual([2, null]);
  expect(await out).toBe('');
  expect(await err).toMatch(/^weir-sim: there is no strategy hope: expected one of weir, /);
});

test('an interrupt ends long work and prints what there is', async () => {
  const args = ['compare', 'H1', '--strategies', 'aimd,fixed', '--seeds', '1-100000'];
  const { child, out, err, closed } = start([], [...args, '--measures', 'retryRate']);
  await once(child.stderr, 'data'); // the first word on how far it is
  child.kill('SIGINT');
  expect(await closed).toEqual([130, null]);
  expect(await out).toMatch(/fixed +8\d\.\d\d %/);
  expect(await err).toMatch(/interrupted after \d+ of 100000 seeds\n$/);
});
