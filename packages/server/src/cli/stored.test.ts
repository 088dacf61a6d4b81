import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemWorld } from '@weir/core/world/system';
import { expect, test } from 'vitest';
import { exampleBatch, exampleHeader, segmentOf } from '../delivery/segment-of.ts';
import { storeSegment } from '../delivery/stored-segment.model.ts';
import { DirectoryStore } from '../store/directory.ts';
import { weir } from './run-weir.model.ts';
import { spoolSegments } from './spool-segments.ts';

const { writer } = exampleHeader;
const of = (tenant: string, accepted = 2) =>
  exampleBatch({
    tenant,
    shape: 'ndjson',
    accepted,
    body: Buffer.from('{"type":"a"}\n'.repeat(accepted)),
  });

/** A data folder with a store in it, and the options that name it. */
async function place() {
  const folder = await mkdtemp(join(tmpdir(), 'weir-stored-'));
  const config = join(folder, 'weir.json');
  await writeFile(config, JSON.stringify({ WEIR_DATA_DIR: folder }));
  const path = join(folder, 'store');
  const store = await DirectoryStore.open({ path, world: systemWorld });
  const spool = join(folder, 'spool');
  const hold = async (directory: string, name: string, bytes: Uint8Array) => {
    await mkdir(join(spool, directory), { recursive: true });
    await writeFile(join(spool, directory, name), bytes);
  };
  return { path, store, spool, hold, config: ['--config', config] };
}

test('verify finds nothing wrong with what was delivered, and counts it', async () => {
  const { store, config } = await place();
  await storeSegment(store, [of('acme'), of('blue', 1)], { segment: 1 });
  const { exit, out } = await weir('verify', ...config);
  expect([exit, out]).toEqual([
    0,
    '1 manifest and 2 objects read, 3 events stored: no gap, no duplicate, no damage\n',
  ]);
});

test('verify tells of a gap, a missing object and a damaged one, each with its place', async () => {
  const { store, path, config } = await place();
  const first = await storeSegment(store, [of('acme')]);
  const third = await storeSegment(store, [of('acme')], { segment: 9 });
  const missing = first.objects[0]?.key as string;
  const damaged = third.objects[0]?.key as string;
  await rm(join(path, missing));
  await truncate(join(path, damaged), 5);
  const { exit, out } = await weir('verify', ...config);
  expect(exit).toBe(1);
  expect(out).toContain(`missing: ${missing}: 2 events are not there\n`);
  expect(out).toContain(`damage: ${damaged}: `);
  expect(out).toContain(`gap: ${writer}: segment 8 has no manifest\n`);
  expect(out).toMatch(/: [3-9] findings\n$/);

  const { findings } = JSON.parse((await weir('verify', '--json', ...config)).out);
  expect(findings).toContainEqual({ kind: 'gap', where: writer, detail: expect.any(String) });
});

test('a segment that waits in the spool is no gap, and the ledger counts it', async () => {
  const { store, hold, config } = await place();
  await storeSegment(store, [of('acme')], { segment: 1 });
  await storeSegment(store, [of('blue')], { segment: 3 });
  await hold(writer, '2.seg', segmentOf([of('acme', 3)], { ...exampleHeader, segment: 2 }));
  const { exit, out } = await weir('verify', '--ledger', ...config);
  expect(exit).toBe(0);
  expect(out.split('\n').slice(0, 4)).toEqual([
    'TENANT  STORED  QUEUED  DEAD  QUARANTINED  ACCEPTED',
    'acme    2       3       0     0            5',
    'blue    2       0       0     0            2',
    '(all)   4       3       0     0            7',
  ]);
  const { total, tenants } = JSON.parse(
    (await weir('verify', '--ledger', '--json', ...config)).out,
  );
  expect(total).toEqual({ stored: 4, queued: 3, dead: 0, quarantined: 0 });
  expect(tenants.acme).toEqual({ stored: 2, queued: 3, dead: 0, quarantined: 0 });
});

test('of the spool every good record counts: of open segments, torn ones, and set-aside ones', async () => {
  const { spool, hold } = await place();
  const whole = segmentOf([of('acme'), of('blue')]);
  const torn = segmentOf([of('acme'), of('blue', 5)]).subarray(0, -3);
  await hold(writer, '1.seg', whole);
  await hold(writer, '2.open', torn);
  await hold(writer, '3.cut', Buffer.from('not a segment'));
  await hold('keys', '1.seg', whole);
  await hold('quarantine', `${writer}-4.seg`, whole);
  await hold('quarantine', 'notes.txt', whole);
  expect(await spoolSegments(spool)).toEqual([
    {
      writer,
      segment: 1,
      events: new Map([
        ['acme', 2],
        ['blue', 2],
      ]),
      quarantined: false,
    },
    { writer, segment: 2, events: new Map([['acme', 2]]), quarantined: false },
    {
      writer,
      segment: 4,
      events: new Map([
        ['acme', 2],
        ['blue', 2],
      ]),
      quarantined: true,
    },
  ]);
  expect(await spoolSegments(join(spool, 'nowhere'))).toEqual([]);
});

test('a segment that was set aside is told of', async () => {
  const { hold, config } = await place();
  await hold('quarantine', `${writer}-1.seg`, segmentOf([of('acme')]));
  const { exit, out } = await weir('verify', ...config);
  expect([exit, out]).toEqual([1, expect.stringContaining(`quarantine: ${writer}-1: is damaged`)]);
});

test('a store that is not there is not verified as an empty one', async () => {
  const { path, config } = await place();
  await rm(path, { recursive: true });
  for (const args of [['verify'], ['cat', '--object', 'a']]) {
    const { exit, err } = await weir(...args, ...config);
    expect([exit, err]).toEqual([1, expect.stringContaining(`there is no store at ${path}`)]);
  }
});

test('cat prints an object, a request, or the hour of a tenant, line by line as stored', async () => {
  const { store, config } = await place();
  const { objects } = await storeSegment(store, [of('acme'), of('blue'), of('acme', 1)], {
    maxObjects: 1,
  });
  const typesIn = async (...args: string[]) => {
    const { exit, out } = await weir('cat', ...args, ...config);
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    return [exit, ...lines.map(({ weirtenant, weirreceipt }) => `${weirtenant} ${weirreceipt}`)];
  };
  const [a, b, c] = [0, 1, 2].map((ordinal) => `${writer}-7-${ordinal}`);
  expect(await typesIn('--object', objects[0]?.key as string)).toEqual([
    0,
    `acme ${a}`,
    `acme ${a}`,
    `blue ${b}`,
    `blue ${b}`,
    `acme ${c}`,
  ]);
  expect(await typesIn('--receipt', b as string)).toEqual([0, `blue ${b}`, `blue ${b}`]);
  const hour = ['--tenant', 'acme', '--hour', '2026-01-31T10'];
  expect(await typesIn(...hour)).toEqual([0, `acme ${a}`, `acme ${a}`, `acme ${c}`]);
});

test('cat says what is not there, and what is not there yet', async () => {
  const { hold, config } = await place();
  await hold(writer, '8.open', segmentOf([of('acme')], { ...exampleHeader, segment: 8 }));
  const problem = async (...args: string[]) => {
    const { exit, out, err } = await weir('cat', ...args, ...config);
    return [exit, out, err];
  };
  expect(await problem('--object', 'a/b')).toEqual([1, '', 'weir: there is no object a/b\n']);
  expect(await problem('--receipt', `${writer}-8-0`)).toEqual([
    1,
    '',
    `weir: ${writer}-8-0 waits in the spool, not delivered yet: try again in a moment\n`,
  ]);
  expect(await problem('--receipt', `${writer}-9-0`)).toEqual([
    1,
    '',
    `weir: there is no ${writer}-9-0, or another server still has it\n`,
  ]);
  expect(await problem('--tenant', 'acme', '--hour', '2026-01-31T10')).toEqual([
    1,
    '',
    'weir: nothing of acme arrived and was stored in the hour 2026-01-31T10\n',
  ]);
});

test('cat of a damaged object ends with what is wrong', async () => {
  const { store, path, config } = await place();
  const { objects } = await storeSegment(store, [of('acme')]);
  const key = objects[0]?.key as string;
  await writeFile(join(path, key), 'no zstd');
  const { exit, out, err } = await weir('cat', '--object', key, '--json', ...config);
  expect([exit, err]).toEqual([1, '']);
  expect(JSON.parse(out)).toEqual({
    problems: [expect.stringMatching(/^damaged after 0 lines: /)],
  });
});

test.each([
  ['nothing', []],
  ['two things', ['--object', 'a', '--receipt', `${writer}-1-0`]],
  ['a tenant without an hour', ['--tenant', 'acme']],
  ['an hour without a tenant', ['--hour', '2026-01-31T10']],
  ['a path out of the store', ['--object', '../../etc/passwd']],
  ['no receipt', ['--receipt', 'x']],
  ['no tenant', ['--tenant', '../x', '--hour', '2026-01-31T10']],
  ['no hour', ['--tenant', 'acme', '--hour', '2026-01-31']],
  ['an hour that never was', ['--tenant', 'acme', '--hour', '2026-02-30T10']],
])('cat with %s is wrong usage', async (_, args) => {
  const { config } = await place();
  const { exit, out, err } = await weir('cat', ...args, ...config);
  expect([exit, out]).toEqual([2, '']);
  expect(err).toMatch(/^weir: .*\n$/);
});
