import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { afterAll, expect, test } from 'vitest';
import { pack } from './pack.ts';
import { startThread, ThreadPacker } from './packer.ts';
import { exampleBatch, exampleHeader, segmentOf } from './segment-of.ts';

const scratch = await mkdtemp(join(tmpdir(), 'weir-packer-'));
const packer = new ThreadPacker();
const { signal } = new AbortController();

afterAll(async () => {
  await packer.close();
  await rm(scratch, { recursive: true });
});

const segmentNumber = (segment: number) =>
  segmentOf(
    Array.from({ length: 100 * segment }, (_, i) => exampleBatch({ tenant: `t${i % 3}` })),
    { ...exampleHeader, segment },
  );

test('makes on its thread what would have been made here, from bytes and from a file', async () => {
  const path = join(scratch, 'segment');
  await writeFile(path, segmentNumber(3));
  const expected = pack(segmentNumber(3));
  expect(await packer.pack({ path }, signal)).toEqual(expected);
  expect(await packer.pack({ bytes: segmentNumber(3) }, signal)).toEqual(expected);
});

test.runIf(process.platform === 'linux')(
  'lets requests go first where they share a core',
  async () => {
    await packer.pack({ bytes: segmentNumber(1) }, signal);
    const niceness: number[] = [];
    for (const task of await readdir('/proc/self/task')) {
      const stat = await readFile(`/proc/self/task/${task}/stat`, 'utf8').catch(() => '');
      const [, fields = ''] = stat.split('(weir-packer) ');
      if (fields !== '') niceness.push(Number(fields.split(' ')[16]));
    }
    expect(niceness).not.toEqual([]);
    expect(getPriority()).toBeLessThanOrEqual(14);
    for (const nice of niceness) expect(nice).toBe(getPriority() + 5);
  },
);

test('leaves the bytes it was given where they are', async () => {
  const bytes = segmentNumber(1);
  await packer.pack({ bytes }, signal);
  expect(bytes.equals(segmentNumber(1))).toBe(true);
});

test('packs segments one after the other, each for who asked', async () => {
  const numbers = [4, 1, 3, 2];
  const packed = await Promise.all(
    numbers.map((number) => packer.pack({ bytes: segmentNumber(number) }, signal)),
  );
  expect(packed.map(({ segment }) => segment)).toEqual(numbers);
});

test('tells damage from what may pass', async () => {
  const damaged = packer.pack({ bytes: Buffer.from('nothing') }, signal);
  await expect(damaged).rejects.toMatchObject({ name: 'SegmentDamaged' });
  const missing = packer.pack({ path: join(scratch, 'missing') }, signal);
  await expect(missing).rejects.toThrow(/ENOENT/);
  await expect(missing).rejects.not.toMatchObject({ name: 'SegmentDamaged' });
  expect((await packer.pack({ bytes: segmentNumber(1) }, signal)).segment).toBe(1);
});

test('an idle thread does not keep its process alive, one at work does', async () => {
  const path = join(scratch, 'alive');
  await writeFile(path, segmentNumber(1));
  const program = `
    import { ThreadPacker } from ${JSON.stringify(new URL('./packer.ts', import.meta.url).href)};
    const source = { path: ${JSON.stringify(path)} };
    const packer = new ThreadPacker();
    const { segment } = await packer.pack(source, new AbortController().signal);
    console.log('packed', segment);
  `;
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
  expect((await run).stdout).toBe('packed 1\n');
});

test('who gave up while waiting is passed over', async () => {
  const first = packer.pack({ bytes: segmentNumber(9) }, signal);
  const stop = new AbortController();
  const second = packer.pack({ bytes: segmentNumber(1) }, stop.signal);
  stop.abort(new Error('stopped'));
  await expect(second).rejects.toThrow('stopped');
  expect((await first).segment).toBe(9);
});

test('a thread that dies fails the segment at hand and is replaced', async () => {
  const threads: Worker[] = [];
  const mortal = new ThreadPacker(() => {
    const thread = startThread();
    threads.push(thread);
    return thread;
  });
  const lost = mortal.pack({ bytes: segmentNumber(9) }, signal);
  const waiting = mortal.pack({ bytes: segmentNumber(2) }, signal);
  while (threads.length === 0) await Promise.resolve();
  await threads[0]?.terminate();
  await expect(lost).rejects.toThrow('the packing thread ended');
  expect((await waiting).segment).toBe(2);
  expect(threads).toHaveLength(2);
  await mortal.close();
  await expect(mortal.pack({ bytes: segmentNumber(1) }, signal)).rejects.toThrow(
    'the packer is closed',
  );
});
