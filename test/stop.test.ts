import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ask } from './support/ask.ts';
import { KeptClients } from './support/kept-clients.ts';
import { expectLedger } from './support/ledger.ts';
import { readMetric } from './support/metrics.ts';
import { post } from './support/sender.ts';
import { compare, storedIds } from './support/stored-events.ts';
import {
  eventually,
  runWeir,
  startWeir,
  temporaryFolder,
  type WeirProcess,
} from './support/weir-process.ts';
import { requestText, Wire } from './support/wire.ts';

// "Stop is clean": nothing that was taken is lost and no client sees its connection reset.

const env = { WEIR_SEGMENT_AGE_MS: '200', WEIR_DRAIN_GRACE_MS: '200' };
/** Long enough for a test to see what happens meanwhile, on a busy machine as well. */
const gently = { ...env, WEIR_DRAIN_GRACE_MS: '1500' };
const event = '{"type":"a"}';

async function expectAllStored(dataDir: string, clients: KeptClients): Promise<void> {
  const books = compare(clients, await storedIds(join(dataDir, 'store')));
  expect(books).toEqual({ lost: [], doubled: [], unwanted: [] });
  const verified = await runWeir(['verify'], { WEIR_DATA_DIR: dataDir });
  expect(verified, verified.stdout + verified.stderr).toMatchObject({ code: 0 });
}

async function notReady(weir: WeirProcess): Promise<void> {
  await eventually('/readyz says no', async () => {
    const { status, body } = await ask(`${weir.adminUrl}/readyz`);
    expect(status === 200 || body.includes('this server is stopping')).toBe(true);
    return status === 503 ? true : undefined;
  });
}

test('a stop at the very word "ready" is a clean one', async () => {
  await using dataDir = await temporaryFolder();
  const launcher = fileURLToPath(new URL('../packages/server/bin/weir.mjs', import.meta.url));
  const child = spawn(process.execPath, [launcher, 'serve'], {
    env: { PATH: process.env.PATH, PORT: '0', WEIR_ADMIN_PORT: '0', WEIR_DATA_DIR: dataDir.path },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (!said.includes('"ready"') && `${said}${chunk}`.includes('"ready"')) child.kill('SIGTERM');
    said += chunk;
  });
  expect(await once(child, 'close'), said).toEqual([0, null]);
  expect(said).toContain('"stopped"');
});

test('a stop under load: not ready first, every client gets its answer or a clean end, all is stored', async () => {
  await using folder = await temporaryFolder();
  await using weir = await startWeir({ dataDir: folder.path, env: gently });
  using idle = await Wire.open(weir.url); // has been answered, and keeps its connection for later
  await idle.send(requestText(weir.key, event));
  expect(await idle.reply()).toMatchObject({ status: 202 });
  using fresh = await Wire.open(weir.url); // has not said anything yet
  using slow = await Wire.open(weir.url);
  await slow.send(requestText(weir.key, '{"type":', [`Content-Length: ${event.length}`]));
  const clients = new KeptClients();
  clients.show(weir);
  clients.start(32);
  await eventually('there is load', () => (clients.acknowledged.size > 500 ? true : undefined));

  const ended = weir.end('SIGTERM');
  await notReady(weir);
  const before = clients.acknowledged.size;
  await eventually('it still takes', () => (clients.acknowledged.size > before ? true : undefined));
  clients.hide(weir); // as a balancer does, in the time that the server grants it
  const limits = await ask(`${weir.url}/v1/limits`, { key: weir.key });
  expect(limits).toMatchObject({ status: 200, headers: { connection: 'close' } });
  await eventually('no new connection is taken', () => isRefused(weir.url));
  await slow.send('"a"}'); // its body was under way when the server stopped listening
  expect(await slow.reply()).toMatchObject({ status: 202, headers: { connection: 'close' } });
  expect(await idle.ended()).toBe('closed');
  expect(await fresh.ended()).toBe('closed');
  expect(await ended).toBe(0);
  await clients.stop();

  expect(clients.cut).toEqual([]);
  expect([...clients.statuses.keys()]).toEqual([202]);
  await expectAllStored(folder.path, clients);
});

async function isRefused(url: string): Promise<true | undefined> {
  const wire = await Wire.open(url).catch(() => undefined);
  wire?.close();
  return wire === undefined ? true : undefined;
}

test('who waits for the store when the server stops is answered at once', async () => {
  await using folder = await temporaryFolder();
  const held = { ...env, MAX_WORKERS: '0', WEIR_DRAIN_MS: '1000' };
  await using weir = await startWeir({ dataDir: folder.path, env: held });
  const startMs = performance.now();
  const waiting = post(weir, event, { headers: { prefer: 'wait=60' } });
  await eventually('it is taken', async () =>
    (await readMetric(weir.adminUrl, 'weir_spool_requests')) === 1 ? true : undefined,
  );
  const ended = weir.end('SIGINT');
  expect(await waiting).toMatchObject({ status: 202, headers: { connection: 'close' } });
  expect(await ended).toBe(0);
  expect(performance.now() - startMs).toBeLessThan(20_000);
});

const faulty = {
  program: fileURLToPath(new URL('./support/faulty-weir.ts', import.meta.url)),
  args: [],
};
const stopped = { ...env, WEIR_TEST_STORE: 'stopped' };

async function load(weir: WeirProcess, events: number): Promise<KeptClients> {
  const clients = new KeptClients();
  clients.show(weir);
  clients.start(16);
  await eventually('there is load', () => (clients.acknowledged.size > events ? true : undefined));
  await clients.stop();
  return clients;
}

async function deliverRest(dataDir: string): Promise<void> {
  await using weir = await startWeir({ dataDir, env });
  await expectLedger(weir.adminUrl, { accepted: 0 }); // what was left is delivered
  expect(await weir.end('SIGTERM')).toBe(0);
}

test('with the store stopped a stop ends at its deadline, and the next start delivers', async () => {
  await using folder = await temporaryFolder();
  const deadline = { ...stopped, WEIR_DRAIN_MS: '1500' };
  await using weir = await startWeir({ dataDir: folder.path, ...faulty, env: deadline });
  const clients = await load(weir, 1_000);
  const startMs = performance.now();
  expect(await weir.end('SIGTERM')).toBe(0);
  const tookMs = performance.now() - startMs;
  expect(tookMs).toBeGreaterThanOrEqual(1_500);
  expect(tookMs).toBeLessThan(10_000);
  expect(weir.output()).toContain('not all was delivered in time; it stays in the spool');
  expect(await storedIds(join(folder.path, 'store'))).toEqual(new Map());
  await deliverRest(folder.path);
  await expectAllStored(folder.path, clients);
});

test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)(
  'a second %s ends a stop at once, and the next start delivers',
  async (signal, code) => {
    await using folder = await temporaryFolder();
    const patient = { ...stopped, WEIR_DRAIN_MS: '600000' };
    await using weir = await startWeir({ dataDir: folder.path, ...faulty, env: patient });
    const clients = await load(weir, 1_000);
    const ended = weir.end('SIGTERM');
    await notReady(weir);
    await eventually('it asks for patience', () =>
      weir.output().includes('once more ends it at once') ? true : undefined,
    );
    const again = weir.end(signal);
    expect([await again, await ended]).toEqual([code, code]);
    await deliverRest(folder.path);
    await expectAllStored(folder.path, clients);
  },
);

test('rolling restarts of two servers on one folder: nothing is lost and no client notices', async () => {
  await using folder = await temporaryFolder();
  const dataDir = folder.path;
  const clients = new KeptClients();
  const running = [
    await startWeir({ dataDir, env: gently }),
    await startWeir({ dataDir, env: gently }),
  ];
  for (const weir of running) clients.show(weir);
  clients.start(16);
  try {
    for (let round = 0; round < 4; round += 1) {
      const old = running.shift() as WeirProcess;
      const goal = clients.acknowledged.size + 500;
      await eventually('there is load', () =>
        clients.acknowledged.size > goal ? true : undefined,
      );
      const ended = old.end('SIGTERM');
      await notReady(old);
      clients.hide(old); // as a balancer does, in the time that the server grants it
      expect(await ended).toBe(0);
      const next = await startWeir({ dataDir, env: gently });
      running.push(next);
      clients.show(next);
    }
    await clients.stop();
    for (const weir of running) await expectLedger(weir.adminUrl);
  } finally {
    await clients.stop();
    await Promise.all(running.map((weir) => weir.end('SIGTERM')));
  }
  expect(clients.cut).toEqual([]);
  expect(clients.notTaken).toBe(0);
  expect([...clients.statuses.keys()]).toEqual([202]);
  await expectAllStored(dataDir, clients);
});
