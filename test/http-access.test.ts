import { readFile, writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from './support/ask.ts';
import { expectProblem } from './support/problem.ts';
import { post, type Reply } from './support/sender.ts';
import { makeKey, type TestKey, writeTenants } from './support/tenants.ts';
import {
  eventually,
  runWeir,
  startWeir,
  temporaryFolder,
  type WeirProcess,
} from './support/weir-process.ts';

// Who may call: keys, scopes, web pages of other origins, and the file of tenants as it changes.

const both = makeKey();
const sender = makeKey(['ingest']);
const reader = makeKey(['read']);
const event = '{"type":"a"}';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let tenants: string;
let weir: WeirProcess;
beforeAll(async () => {
  folder = await temporaryFolder();
  tenants = join(folder.path, 'tenants.json');
  await writeTenants(tenants, { acme: { keys: [both, sender, reader] } });
  weir = await startWeir({
    dataDir: join(folder.path, 'data'),
    env: { WEIR_TENANTS: tenants, WEIR_CORS_ORIGINS: 'https://app.example.com' },
  });
});
afterAll(async () => {
  await weir?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

function send(key: TestKey): Promise<Reply> {
  return post({ url: weir.url, key: key.text }, event);
}

function sendAs(authorization: string | undefined): Promise<Reply> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (authorization !== undefined) headers.authorization = authorization;
  return ask(`${weir.url}/v1/events`, { method: 'POST', headers, body: event });
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

test('a key is known as Bearer, and as the user name of Basic', async () => {
  const { text } = both;
  const basic = [`Basic ${base64(`${text}:`)}`, `basic ${base64(`${text}:any password`)}`];
  for (const authorization of [`Bearer ${text}`, `bearer  ${text} `, ...basic]) {
    expect(await sendAs(authorization), authorization).toMatchObject({ status: 202 });
  }
});

test('whoever shows no key, or a wrong one, gets 401 and is not told which part was wrong', async () => {
  const wrongSecret = both.text.slice(0, -1) + (both.text.endsWith('0') ? '1' : '0');
  const wrongId = makeKey().text.slice(0, 18) + both.text.slice(18);
  const unknown = await sendAs(`Bearer ${wrongId}`);
  const known = await sendAs(`Bearer ${wrongSecret}`);
  expect(known.body).toBe(unknown.body);
  const forms = [undefined, 'Bearer', 'Bearer x', `Digest ${both.text}`, both.text, 'Basic %%%'];
  for (const form of forms) {
    const reply = await sendAs(form);
    const detail = 'expected `Authorization: Bearer weir_…`';
    expectProblem(reply, { status: 401, code: 'unauthorized', detail });
    expect(reply.headers['www-authenticate']).toBe('Bearer realm="weir"');
  }
  for (const path of ['/v1/limits', '/v1/receipts/0123456789abcdef-1-0']) {
    expect(await ask(weir.url + path)).toMatchObject({ status: 401 });
  }
});

test('a key that may only read gets 403 where it sends, and may ask for limits and receipts', async () => {
  const detail = 'it needs the scope "ingest"';
  expectProblem(await send(reader), { status: 403, code: 'forbidden', detail });
  expect(await send(sender)).toMatchObject({ status: 202 });
  const key = reader.text;
  expect(await ask(`${weir.url}/v1/limits`, { key })).toMatchObject({ status: 200 });
});

test('pages of a named origin may send, and read what a sender needs; no others may', async () => {
  const url = `${weir.url}/v1/events`;
  const preflight = (origin: string) =>
    ask(url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,idempotency-key',
      },
    });
  const origin = 'https://app.example.com';
  const allowed = await preflight(origin);
  expect(allowed.status).toBe(204);
  expect(allowed.headers['access-control-allow-origin']).toBe(origin);
  expect(allowed.headers['access-control-allow-methods']).toMatch(/POST/);
  expect(allowed.headers['access-control-allow-headers']).toMatch(/idempotency-key/i);

  for (const key of [both.text, 'weir_wrong']) {
    const headers = { origin, 'content-type': 'application/json' };
    const reply = await ask(url, { method: 'POST', key, headers, body: event });
    expect([202, 401]).toContain(reply.status);
    expect(reply.headers['access-control-allow-origin']).toBe(origin);
    expect(reply.headers['access-control-expose-headers']).toMatch(/retry-after/i);
  }
  const stranger = await preflight('https://evil.example.com');
  expect(stranger.headers).not.toHaveProperty('access-control-allow-origin');
});

test('without the setting no page may send at all', async () => {
  await using other = await startWeir({ dataDir: join(folder.path, 'no-cors') });
  for (const method of ['OPTIONS', 'POST']) {
    const reply = await ask(`${other.url}/v1/events`, {
      method,
      key: other.key,
      headers: { origin: 'https://app.example.com', 'access-control-request-method': 'POST' },
    });
    expect(Object.keys(reply.headers).join()).not.toContain('access-control');
  }
});

test('a revoked key stops within a second, on a kept connection as well; the others go on', async () => {
  const doomed = makeKey();
  await writeTenants(tenants, { acme: { keys: [both, doomed] } });
  await eventually('the new key is known', async () =>
    (await send(doomed)).status === 202 ? true : undefined,
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const revoked = await runWeir(['keys', 'revoke', doomed.entry.id, '--tenants', tenants]);
  const revokedAtMs = performance.now();
  expect(revoked, revoked.stderr).toMatchObject({ code: 0 });
  const refused = await eventually(
    'the revoked key is refused',
    async () => {
      const reply = await post({ url: weir.url, key: doomed.text }, event, { agent });
      return reply.status === 202 ? undefined : reply;
    },
    1_000,
  );
  agent.destroy();
  expect(performance.now() - revokedAtMs).toBeLessThan(1_000);
  expectProblem(refused, { status: 401, code: 'unauthorized', detail: 'or was revoked' });
  expect(await send(both)).toMatchObject({ status: 202 });
});

test('a bad file of tenants changes nothing, and /readyz says why until it is mended', async () => {
  const good = await readFile(tenants, 'utf8');
  const readiness = async () => JSON.parse((await ask(`${weir.adminUrl}/readyz`)).body);
  for (const bad of ['{"plans":', good.replace('"plan": "plan-0"', '"plan": "no-such"')]) {
    expect(bad).not.toBe(good);
    await writeFile(tenants, bad);
    const { ready, reasons } = await eventually('/readyz tells', async () => {
      const now = await readiness();
      return now.reasons.length > 0 ? now : undefined;
    });
    expect(ready).toBe(true);
    expect(reasons).toEqual([expect.stringContaining('the version before it stays in force')]);
    expect(reasons[0]).toContain(bad === '{"plans":' ? 'line 1' : 'tenants.acme.plan: expected');
    expect(await send(both)).toMatchObject({ status: 202 });
    await writeFile(tenants, good);
    await eventually('/readyz is content', async () =>
      (await readiness()).reasons.length === 0 ? true : undefined,
    );
  }
});

test('a changed plan counts within a second', async () => {
  const quotas = [{ name: 'day', unit: 'requests', tokens: 1, period: '1d', burst: 1 }] as const;
  await writeTenants(tenants, { acme: { keys: [both], quotas } });
  const reply = await eventually(
    'the new quota refuses',
    async () => {
      const answer = await send(both);
      return answer.status === 202 ? undefined : answer;
    },
    1_000,
  );
  expectProblem(reply, { status: 429, code: 'rate_limited', detail: 'day: cost 1 requests' });
});
