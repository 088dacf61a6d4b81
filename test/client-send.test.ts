import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startFakeWeir } from '@weir/client/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually, temporaryFolder } from './support/weir-process.ts';

// `weir-send`, as a user types it.

const program = fileURLToPath(new URL('../packages/client/bin/weir-send.mjs', import.meta.url));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await folder[Symbol.asyncDispose]();
});

interface Server {
  readonly url: string;
  readonly key: string;
}

function start(server: Server, args: readonly string[]) {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: folder.path,
    env: { PATH: process.env.PATH, WEIR_URL: server.url, WEIR_API_KEY: server.key },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number, stdout, stderr }));
  return { child, ended };
}

async function writeEvents(count: number): Promise<string> {
  const path = join(folder.path, 'events.ndjson');
  const lines = Array.from({ length: count }, (_, n) => JSON.stringify({ type: 'n', data: { n } }));
  await writeFile(path, `${lines.join('\n')}\n`);
  return path;
}

test('all lines are taken, the count is exact, and nothing is left behind', async () => {
  await using server = await startFakeWeir();
  const file = await writeEvents(5_000);
  const { code, stdout } = await start(server, [file]).ended;
  expect(code).toBe(0);
  expect(stdout).toMatch(/^5,000 events taken, 0 rejected\n10 requests, 0 × 429/);
  expect(server.weir.events).toHaveLength(5_000);
  expect(existsSync(`${file}.weir-progress`)).toBe(false);
});

test('rejected lines go to a side file with their number and reason', async () => {
  await using server = await startFakeWeir();
  const file = join(folder.path, 'some.ndjson');
  await writeFile(file, '{"type":"a"}\n\n{"no":"type"}\nnot json\n{"type":"b"}\n');
  const { code, stdout } = await start(server, ['--json', file]).ended;
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ accepted: 2, rejected: 2, isWhole: true });
  const side = (await readFile(`${file}.rejected.ndjson`, 'utf8')).trimEnd().split('\n');
  expect(side.map((line) => JSON.parse(line))).toMatchObject([
    { line: 3, code: 'invalid_attribute', event: { no: 'type' } },
    { line: 4, code: 'malformed', event: 'not json' },
  ]);
});

test('killed half-way and run again, it sends the rest, and nothing twice', async () => {
  await using server = await startFakeWeir({
    quotas: [{ tokens: 40, periodMs: 1_000, burst: 10 }],
  });
  const file = await writeEvents(3_000);
  const args = ['--batch-events', '50', '--json', file];
  const begun = start(server, args);
  await eventually('some of it is sent', () =>
    server.weir.events.length > 600 ? true : undefined,
  );
  begun.child.kill('SIGKILL');
  await begun.ended;
  expect(server.weir.events.length).toBeLessThan(3_000);

  const { code, stdout } = await start(server, args).ended;
  expect(code).toBe(0);
  const counts = JSON.parse(stdout) as { accepted: number; earlier: number };
  expect(counts.accepted).toBe(3_000);
  expect(counts.earlier).toBeGreaterThan(0);
  const numbers = server.weir.events.map(({ data }) => (data as { n: number }).n);
  expect(numbers).toHaveLength(3_000);
  expect(new Set(numbers).size).toBe(3_000);
});

test('an interrupt ends it soon, with a word on how to go on', async () => {
  await using server = await startFakeWeir({ quotas: [{ tokens: 5, periodMs: 1_000, burst: 1 }] });
  const file = await writeEvents(2_000);
  const { child, ended } = start(server, ['--batch-events', '50', file]);
  await eventually('some of it is sent', () => (server.weir.events.length > 0 ? true : undefined));
  child.kill('SIGINT');
  const { code, stderr } = await ended;
  expect(code).toBe(130);
  expect(stderr).toContain('run the same again to go on');
});

test('standard input is sent as well', async () => {
  await using server = await startFakeWeir();
  const { child, ended } = start(server, ['-']);
  child.stdin.end('{"type":"a"}\n{"type":"b"}');
  const { code, stdout } = await ended;
  expect({ code, first: stdout.split('\n')[0] }).toEqual({
    code: 0,
    first: '2 events taken, 0 rejected',
  });
});

test('what lies in a spool can be looked at and sent', async () => {
  await using server = await startFakeWeir();
  const nowhere = { url: 'http://127.0.0.1:9', key: server.key };
  const sender = fileURLToPath(new URL('./support/spooling-sender.ts', import.meta.url));
  const child = spawn(process.execPath, [sender, '1', 'spool'], {
    cwd: folder.path,
    env: { PATH: process.env.PATH, WEIR_URL: nowhere.url, WEIR_API_KEY: nowhere.key },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let safe = '';
  child.stdout.on('data', (chunk) => {
    safe += chunk;
  });
  await eventually('events are safe', () => (safe.split('\n').length > 100 ? true : undefined));
  child.kill('SIGKILL');
  await once(child, 'close');
  const ids = safe.trimEnd().split('\n');

  const seen = await start(server, ['--json', '--inspect', 'spool']).ended;
  expect(seen.code).toBe(0);
  expect(JSON.parse(seen.stdout).events).toBeGreaterThanOrEqual(ids.length);
  const drained = await start(server, ['--json', '--drain', 'spool']).ended;
  expect(drained.code).toBe(0);
  expect(JSON.parse(drained.stdout)).toMatchObject({ rejected: 0, left: 0 });
  const taken = new Set(server.weir.events.map(({ id }) => id));
  expect(ids.filter((id) => !taken.has(id))).toEqual([]);
  const after = await start(server, ['--json', '--inspect', 'spool']).ended;
  expect(JSON.parse(after.stdout)).toMatchObject({ events: 0 });
});

test('a mistake is said in one sentence', async () => {
  await using server = await startFakeWeir({ key: `weir_aaaaaaaaaaaa_${'1'.repeat(43)}` });
  const file = await writeEvents(10);
  const wrong = { url: server.url, key: `weir_bbbbbbbbbbbb_${'1'.repeat(43)}` };
  const refused = await start(wrong, [file]).ended;
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('weir-send: unauthorized: ');
  for (const args of [[], ['nowhere.ndjson'], ['--nope'], ['--batch-events', '0', file]]) {
    const { code, stderr } = await start(server, args).ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(/^weir-send: [^\n]+\n$/);
  }
});
