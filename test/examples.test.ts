import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { storedLines } from './support/stored-events.ts';
import { makeKey, writeTenants } from './support/tenants.ts';
import {
  eventually,
  startWeir,
  temporaryFolder,
  type WeirProcess,
} from './support/weir-process.ts';

// Each program of examples/ does what it says against a real server.

const examples = fileURLToPath(new URL('../examples/', import.meta.url));
const receipt = /[0-9a-z]{16}-\d+-\d+/.source;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let weir: WeirProcess;
beforeAll(async () => {
  folder = await temporaryFolder();
  weir = await startWeir({ dataDir: folder.path, env: { WEIR_SEGMENT_AGE_MS: '100' } });
});
afterAll(async () => {
  await weir?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

/** Runs an example as a user would; returns the lines it printed. */
async function run(name: string, server = weir, key = server.key): Promise<string[]> {
  const env = { WEIR_URL: server.url, WEIR_API_KEY: key, WEIR_DATA_DIR: folder.path };
  const child = spawn(process.execPath, [join(examples, name)], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const [code] = await once(child, 'close');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out.trimEnd().split('\n');
}

test('quick-start sends one event', async () => {
  expect(await run('quick-start.mjs')).toEqual([
    expect.stringMatching(`^202: 1 event, receipt ${receipt}$`),
  ]);
});

test('send-batch names the bad event and keeps the others', async () => {
  expect(await run('send-batch.mjs')).toEqual([
    '/pricing: taken',
    '/docs: taken',
    '/oops: invalid_attribute, events[2].type: expected a non-empty string',
    '/login: taken',
  ]);
});

test('wait-until-stored reads back the line that its receipt names', async () => {
  const [status, place, line] = await run('wait-until-stored.mjs');
  expect(status).toMatch(new RegExp(`^${receipt} is stored$`));
  expect(place).toMatch(/^line \d+ of tenant=dev\/dt=.*\.ndjson\.zst$/);
  expect(JSON.parse(line as string)).toMatchObject({
    type: 'order.paid',
    data: { cents: 1900 },
    weirtenant: 'dev',
    weirreceipt: status?.split(' ')[0],
  });
});

test('obey-retry-after is paced by a small quota, and stores each event once', async () => {
  await using place = await temporaryFolder();
  const key = makeKey(['ingest']);
  const file = join(place.path, 'tenants.json');
  const quota = { name: 'slow', unit: 'requests', tokens: 10, period: '1s', burst: 1 } as const;
  await writeTenants(file, { acme: { keys: [key], quotas: [quota] } });
  const env = { WEIR_TENANTS: file, WEIR_SEGMENT_AGE_MS: '100' };
  await using slow = await startWeir({ dataDir: place.path, env });

  const lines = await run('obey-retry-after.mjs', slow, key.text);
  const sent = lines.filter((line) => line.startsWith('event '));
  expect(sent).toEqual(
    [1, 2, 3, 4, 5].map((n) => expect.stringMatching(`^event ${n}: receipt ${receipt}$`)),
  );
  const waits = lines.filter((line) => !line.startsWith('event '));
  expect(waits.length).toBeGreaterThan(0);
  for (const line of waits) expect(line).toMatch(/^rate_limited: waiting \d+ ms$/);

  const stored = await eventually('five events are stored', async () => {
    const found = await storedLines(join(place.path, 'store'));
    return found.length >= 5 ? found : undefined;
  });
  const numbers = stored.map(({ text }) => (JSON.parse(text) as { data: { n: number } }).data.n);
  expect(numbers.sort()).toEqual([1, 2, 3, 4, 5]);
});

test('client-quick-start says where its event is stored', async () => {
  const [stored, rest] = await run('client-quick-start.mjs');
  expect(stored).toMatch(/^stored: line \d+ of tenant=dev\/.*\.ndjson\.zst$/);
  expect(rest).toMatch(/^since then: \d+ taken, 0 rejected, 0 dropped$/);
});

test('client-serverless has its answers before it is frozen', async () => {
  expect(await run('client-serverless.mjs')).toEqual([
    '/a: 200, 1 taken so far',
    '/b: 200, 2 taken so far',
    '/c: 200, 3 taken so far',
  ]);
});

test('client-order-by-key keeps the steps of each order in order', async () => {
  expect(await run('client-order-by-key.mjs')).toEqual([
    '12 events taken; those of one order in the order of their steps',
  ]);
  const stored = await eventually('twelve steps are stored', async () => {
    const found = (await storedLines(join(folder.path, 'store')))
      .map(({ text }) => JSON.parse(text) as { type: string; data: { order?: string } })
      .filter(({ type }) => type.startsWith('order.'));
    const mine = found.filter(({ data }) => data.order === 'o-1');
    return mine.length >= 4 ? mine : undefined;
  });
  expect(new Set(stored.map(({ type }) => type)).size).toBe(4);
});

test('forward-requests reports every request', async () => {
  expect(await run('forward-requests.mjs')).toEqual(['5 requests reported']);
});

test('own-http-client meets no 429', async () => {
  const [line] = await run('own-http-client.mjs');
  expect(line).toMatch(/^\{"202":20\} /);
});

test('client-sigterm sends what it tracked before it ends', async () => {
  const child = spawn(process.execPath, [join(examples, 'client-sigterm.mjs')], {
    env: { PATH: process.env.PATH, WEIR_URL: weir.url, WEIR_API_KEY: weir.key },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  const url = await eventually('it listens', () => /^http.*$/m.exec(out)?.[0]);
  for (let n = 0; n < 3; n += 1) await (await fetch(url)).text();
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(out.trimEnd().split('\n').at(-1)).toBe('3 taken, 0 left');
});

/** Not run by `run`, which waits for an end. */
const runApart = ['client-sigterm.mjs'];

test('every example is listed, run here, and short enough to read at a glance', async () => {
  const [readme, tests] = await Promise.all([
    readFile(join(examples, 'README.md'), 'utf8'),
    readFile(fileURLToPath(import.meta.url), 'utf8'),
  ]);
  const programs = (await readdir(examples)).filter((name) => name.endsWith('.mjs'));
  expect(programs).not.toEqual([]);
  for (const program of programs) {
    expect(readme).toContain(`(${program})`);
    if (!runApart.includes(program)) expect(tests).toContain(`run('${program}'`);
    const text = await readFile(join(examples, program), 'utf8');
    expect(text.split('\n').length).toBeLessThanOrEqual(60);
  }
});
