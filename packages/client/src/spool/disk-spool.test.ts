import { appendFile, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemWorld } from '@weir/core/world/system';
import { nodeFiles } from '@weir/segment-log/node-files';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDiskSpool } from './disk-spool.ts';
import type { EventSpool } from './event-spool.ts';

let dir: string;
beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'weir-spool-')), 'spool');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const open = (maxBytes = 67_108_864): Promise<EventSpool> =>
  openDiskSpool({ dir, maxBytes, files: nodeFiles, world: systemWorld });

async function fill(spool: EventSpool, count: number, text = '{"type":"n"}'): Promise<number[]> {
  const written = Array.from({ length: count }, () =>
    spool.append({ text, orderingKey: undefined }),
  );
  await Promise.all(written.map(({ durable }) => durable));
  return written.map(({ place }) => place);
}

test('a folder has one owner at a time, and files are for its eyes alone', async () => {
  const spool = await open();
  await fill(spool, 1);
  await expect(open()).rejects.toMatchObject({
    code: 'spool',
    message: expect.stringContaining('in use'),
  });
  const [log] = (await readdir(dir)).filter((name) => name.endsWith('.log'));
  expect((await stat(join(dir, log as string))).mode & 0o777).toBe(0o600);
  await spool.end();
  await (await open()).end();
});

test('what was not done comes back, batches with their keys, and nothing is left when all is done', async () => {
  const spool = await open();
  const [first = 0, second = 0, third = 0] = await fill(spool, 3);
  await spool.close('KEY', [first, second]);
  await spool.end();

  const again = await open();
  expect(again.recovered).toMatchObject({
    events: 3,
    batches: [{ key: 'KEY', places: [first, second] }],
  });
  const { events } = await again.read(first);
  expect(events.map(({ place }) => place)).toEqual([first, second, third]);
  again.done([first, second]);
  await again.end();

  const last = await open();
  expect(last.recovered).toMatchObject({ events: 1, batches: [] });
  last.done([third]);
  await last.end();
  expect((await readdir(dir)).filter((name) => name.endsWith('.log'))).toEqual([]);
});

test('files go as their events are done, and the cap holds', async () => {
  const spool = await open(16_777_216);
  const text = JSON.stringify({ type: 'n', data: 'x'.repeat(100_000) });
  const places: number[] = [];
  while (spool.hasRoom(text.length)) places.push(...(await fill(spool, 1, text)));
  expect(places.length).toBeGreaterThan(150);
  expect(spool.bytes).toBeLessThanOrEqual(16_777_216);
  spool.done(places.slice(0, 100));
  for (let i = 0; i < 100 && !spool.hasRoom(text.length); i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(spool.hasRoom(text.length)).toBe(true);
  await spool.end();
});

test('a torn tail is passed over, and a damaged file is kept for a person', async () => {
  const spool = await open();
  const places = await fill(spool, 50);
  await spool.end();
  const [log = ''] = (await readdir(dir)).filter((name) => name.endsWith('.log'));
  await appendFile(join(dir, log), Buffer.from('torn in the middle of a frame'));
  const again = await open();
  expect(again.recovered).toMatchObject({ events: 50, damaged: [] });
  await again.end();
  expect(places).toHaveLength(50);

  const { writeFile } = await import('node:fs/promises');
  const bytes = await readFile(join(dir, log));
  bytes[200] = (bytes[200] as number) ^ 0xff;
  await writeFile(join(dir, log), bytes);
  const third = await open();
  expect(third.recovered.damaged).toEqual([expect.stringContaining(log)]);
  expect(third.recovered.events).toBeGreaterThan(40);
  await third.end();
  expect(await readdir(dir)).toContain(`${log}.damaged`);
});

test('what can never be delivered is kept in a file of its own', async () => {
  const spool = await open();
  await spool.poison(['{"code":"malformed"}']);
  await spool.poison(['{"code":"too_deep"}']);
  expect(await readFile(join(dir, 'poison.ndjson'), 'utf8')).toBe(
    '{"code":"malformed"}\n{"code":"too_deep"}\n',
  );
  await spool.end();
});
