import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemWorld } from '@weir/core/world/system';
import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, onTestFinished, test } from 'vitest';
import type { Settings } from '../config.ts';
import { makeLog } from '../log.ts';
import { readSettings } from '../settings/read-settings.ts';
import { formatKey, keepKey, newKey } from './key.ts';
import { type OpenKeys, openKeys } from './open-keys.ts';
import { parseSnapshot, type Snapshot, TenantsWatch, takeSnapshot } from './watch-tenants.ts';

const made = newKey(systemWorld);
const authorization = `Bearer ${formatKey(made)}`;

function fileText(keys: readonly unknown[]): string {
  const quota = { name: 'req', unit: 'requests', tokens: 1, period: '1s', burst: 1, scope: 'key' };
  return JSON.stringify({ plans: { p: [quota] }, tenants: { acme: { plan: 'p', keys } } });
}

function keptForm() {
  const { id, salt, hash } = keepKey(made, systemWorld);
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  return { id, salt: hex(salt), hash: hex(hash), scopes: ['ingest'] };
}

/** A watched file, in a world where each `look` is half a second later. */
async function watched() {
  const path = join(await mkdtemp(join(tmpdir(), 'weir-watch-')), 'tenants.json');
  await writeFile(path, fileText([keptForm()]));
  const world = new VirtualWorld({ seed: 1 });
  let scheduled = () => {};
  const spied = Object.assign(Object.create(world) as VirtualWorld, {
    now: () => world.now(),
    after(delayMs: number, task: () => void) {
      scheduled();
      return world.after(delayMs, task);
    },
  });
  const lines: string[] = [];
  const log = makeLog({ logLevel: 'info' }, { write: (line) => void lines.push(line) });
  const settings = readSettings({ WEIR_TENANTS: path }) as Settings;
  const open = (await openKeys(settings, spied, log)) as OpenKeys;
  onTestFinished(() => open.stop());
  const look = () =>
    new Promise<void>((resolve) => {
      scheduled = resolve;
      world.advance(500);
    });
  return { path, open, look, lines };
}

test('a revoked key is refused after one look, and works again when it is back', async () => {
  const { path, open, look, lines } = await watched();
  expect(open.keys.authenticate(authorization)).toMatchObject({ tenant: 'acme' });
  await writeFile(path, fileText([]));
  await look();
  expect(open.keys.authenticate(authorization)).toMatchObject({ refused: 'unauthorized' });
  await writeFile(path, fileText([keptForm()]));
  await look();
  expect(open.keys.authenticate(authorization)).toMatchObject({ tenant: 'acme' });
  expect(lines.filter((line) => line.includes('in force'))).toHaveLength(2);
});

test('a file put in place by rename is seen too', async () => {
  const { path, open, look } = await watched();
  await writeFile(`${path}.new`, fileText([]));
  await rename(`${path}.new`, path);
  await look();
  expect(open.keys.authenticate(authorization)).toMatchObject({ refused: 'unauthorized' });
});

test('a bad file keeps the old one and says why, until it is good again', async () => {
  const { path, open, look, lines } = await watched();
  await writeFile(path, '{"plans": {}, "tenants": {"acme": {"plan": "gold", "keys": []}}}');
  await look();
  expect(open.keys.authenticate(authorization)).toMatchObject({ tenant: 'acme' });
  expect(open.reasons()).toEqual([
    { reason: expect.stringContaining('tenants.acme.plan: expected one of'), blocks: false },
  ]);
  expect(lines.join()).toContain('tenants.acme.plan');

  await rm(path);
  await look();
  expect(open.reasons()[0]?.reason).toContain('ENOENT');
  expect(open.keys.authenticate(authorization)).toMatchObject({ tenant: 'acme' });

  await writeFile(path, fileText([]));
  await look();
  expect(open.reasons()).toEqual([]);
  expect(open.keys.authenticate(authorization)).toMatchObject({ refused: 'unauthorized' });
});

test('a change too quick to show in the stamps is seen at the next look', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'weir-watch-')), 'tenants.json');
  await writeFile(path, fileText([]));
  const { version } = await takeSnapshot(path);
  const world = new VirtualWorld({ seed: 1 });
  const swapped = new Promise((swap) => {
    const parse = (snapshot: Snapshot) => parseSnapshot(snapshot, path);
    const deps = { world, log: makeLog({ logLevel: 'silent' }), parse, swap };
    const watch = new TenantsWatch(path, { version, content: fileText([keptForm()]) }, deps);
    onTestFinished(() => watch.stop());
    world.advance(500);
  });
  expect(await swapped).toMatchObject({ tenants: new Map([['acme', expect.anything()]]) });
});

test('a file that does not change is not read again, and a bad one is told of once', async () => {
  const { path, look, lines } = await watched();
  await look();
  await look();
  expect(lines).toEqual([]);
  await writeFile(path, '{');
  await look();
  await look();
  expect(lines).toHaveLength(1);
});

test('a server does not start on a bad file, and every line names it', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'weir-watch-')), 'tenants.json');
  await writeFile(path, '{"plans": 1, "tenants": 2}');
  const settings = readSettings({ WEIR_TENANTS: path }) as Settings;
  expect(await openKeys(settings, systemWorld, makeLog({ logLevel: 'silent' }))).toEqual({
    problems: [
      `${path}: plans: expected a map by name, given the number 1`,
      `${path}: tenants: expected a map by name, given the number 2`,
    ],
  });
});
