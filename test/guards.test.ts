import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readMetric } from './support/metrics.ts';
import { post, type Reply } from './support/sender.ts';
import { makeKey, type TestKey, writeTenants } from './support/tenants.ts';
import {
  eventually,
  startWeir,
  temporaryFolder,
  type WeirProcess,
} from './support/weir-process.ts';

// What stands before the quotas: lists, limits by address, blocks. Loopback is never blocked, so the
// tests come from elsewhere, by way of a proxy that is trusted.

interface Guarded extends AsyncDisposable {
  readonly weir: WeirProcess;
  readonly file: string;
  readonly key: TestKey;
  send(from: string, key?: string, body?: string): Promise<Reply>;
}

async function guarded(env: Readonly<Record<string, string>> = {}): Promise<Guarded> {
  const folder = await temporaryFolder();
  const key = makeKey();
  const file = join(folder.path, 'tenants.json');
  await writeTenants(file, { acme: { keys: [key] } });
  const weir = await startWeir({
    dataDir: join(folder.path, 'data'),
    env: { WEIR_TENANTS: file, WEIR_TRUSTED_HOPS: '1', ...env },
  });
  return {
    weir,
    file,
    key,
    send: (from, text = key.text, body = '{"type":"a"}') =>
      post({ url: weir.url, key: text }, body, { headers: { 'x-forwarded-for': from } }),
    async [Symbol.asyncDispose]() {
      await weir[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function setLists(file: string, lists: object): Promise<void> {
  const content = JSON.parse(await readFile(file, 'utf8')) as object;
  await writeFile(file, JSON.stringify({ ...content, lists }));
}

const abnormal = 'https://iana.org/assignments/http-problem-types#abnormal-usage-detected';

test('an address that guesses keys is blocked; a key that is known passes from there, others are let be', async () => {
  await using guards = await guarded({ WEIR_BLOCK_UNAUTHORIZED: '5', WEIR_BLOCK_MS: '60000' });
  const { weir, send } = guards;
  const guesser = '203.0.113.7';
  expect(await send(guesser)).toMatchObject({ status: 202 });
  for (let i = 0; i < 5; i += 1)
    expect(await send(guesser, makeKey().text)).toMatchObject({ status: 401 });

  const blocked = await eventually('the guesser is blocked', async () => {
    const reply = await send(guesser, makeKey().text);
    return reply.status === 429 ? reply : undefined;
  });

  expect(JSON.parse(blocked.body)).toMatchObject({ code: 'abnormal_usage', type: abnormal });
  expect(Number(blocked.headers['retry-after'])).toBeGreaterThan(50);
  expect(await send(guesser)).toMatchObject({ status: 202 });
  expect(await send('203.0.113.8', makeKey().text)).toMatchObject({ status: 401 });
  expect(await readMetric(weir.adminUrl, 'weir_guard_refusals_total{guard="guessing"}')).toBe(1);
  await eventually(
    'the log says so',
    () => weir.output().includes('a source is blocked') || undefined,
  );
  expect(weir.output()).not.toContain(guesser);
});

test('who keeps sending bodies that cannot be parsed is blocked with its key, from there', async () => {
  await using guards = await guarded({ WEIR_BLOCK_MALFORMED: '5' });
  const { send } = guards;
  for (let i = 0; i < 5; i += 1) {
    expect(await send('203.0.113.7', undefined, '{"type":')).toMatchObject({ status: 400 });
  }
  await eventually('it is blocked', async () => {
    const reply = await send('203.0.113.7', undefined, '{"type":');
    return reply.status === 429 ? true : undefined;
  });
  expect(await send('203.0.113.7')).toMatchObject({ status: 429 });
  expect(await send('203.0.113.9')).toMatchObject({ status: 202 });
});

test('requests from one address are limited before anything is known of them; IPv6 by /64', async () => {
  await using guards = await guarded({ WEIR_ADDRESS_RATE: '1' });
  const { send } = guards;
  const first = await Promise.all(Array.from({ length: 20 }, (_, i) => send(`2001:db8::${i + 1}`)));
  const refused = first.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(5);
  expect(JSON.parse(refused[0]?.body ?? '')).toMatchObject({ code: 'abnormal_usage' });
  expect(refused[0]?.headers['retry-after']).toBe('1');
  expect(await send('2001:db8:0:1::1')).toMatchObject({ status: 202 });
});

test('lists are obeyed within a second of a change, and a bad one changes nothing', async () => {
  await using guards = await guarded({ WEIR_ADDRESS_RATE: '3' });
  const { weir, file, key, send } = guards;
  const until = (what: string, status: number, from: string) =>
    eventually(what, async () => ((await send(from)).status === status ? true : undefined));
  expect(await send('198.51.100.7')).toMatchObject({ status: 202 });

  const networks = { addresses: ['198.51.100.0/24'] };
  await setLists(file, { deny: networks, allow: { addresses: ['192.0.2.0/24'] } });
  await until('the network is denied', 403, '198.51.100.8');
  const many = await Promise.all(Array.from({ length: 20 }, () => send('192.0.2.1')));
  expect(many.filter(({ status }) => status !== 202)).toEqual([]);

  await setLists(file, { deny: { addresses: ['198.51.100.0/33'], tenants: ['acne'] } });
  await eventually('the bad list is told of', async () => {
    const ready = await (await fetch(`${weir.adminUrl}/readyz`)).text();
    return ready.includes('lists.deny.addresses[0]') ? true : undefined;
  });
  expect(await send('198.51.100.9')).toMatchObject({ status: 403 });

  await setLists(file, { deny: { keys: [key.entry.id] } });
  await until('the key is denied', 403, '192.0.2.1');
  await setLists(file, { deny: { tenants: ['acme'] } });
  await until('its tenant is denied', 403, '192.0.2.1');
  const denied = await readMetric(weir.adminUrl, 'weir_guard_refusals_total{guard="denied"}');
  expect(denied).toBeGreaterThanOrEqual(4);
  await setLists(file, {});
  await until('nobody is denied', 202, '198.51.100.7');
});
