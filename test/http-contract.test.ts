import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from './support/ask.ts';
import { expectProblem } from './support/problem.ts';
import { post, type Reply } from './support/sender.ts';
import { storedLines } from './support/stored-events.ts';
import { makeKey, writeTenants } from './support/tenants.ts';
import { startWeir, temporaryFolder, type WeirProcess } from './support/weir-process.ts';

// The replies that docs/http-api.md promises, field by field. One server delivers, though only when
// asked to, since its segments may grow very old; the other takes events and delivers none.

const acme = makeKey();
const rival = makeKey();
const quotas = [
  { name: 'req', unit: 'requests', tokens: 100, period: '10s', burst: 50 },
  { name: 'ev', unit: 'events', tokens: 1, period: '1d', burst: 1_000 },
] as const;
const event = '{"type":"a"}';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let weir: WeirProcess;
let stuck: WeirProcess;
beforeAll(async () => {
  folder = await temporaryFolder();
  const tenants = join(folder.path, 'tenants.json');
  await writeTenants(tenants, { acme: { keys: [acme], quotas }, rival: { keys: [rival] } });
  const env = { WEIR_TENANTS: tenants, WEIR_SEGMENT_AGE_MS: '600000' };
  [weir, stuck] = await Promise.all([
    startWeir({ dataDir: join(folder.path, 'data'), env }),
    startWeir({
      dataDir: join(folder.path, 'stuck'),
      env: { ...env, MAX_WORKERS: '0', WEIR_MAX_WAIT_MS: '1000', WEIR_RATE_HEADERS: 'off' },
    }),
  ]);
});
afterAll(async () => {
  await weir?.[Symbol.asyncDispose]();
  await stuck?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

const receiptForm = /^[0-9a-z]{16}-\d+-\d+$/;

function send(body: string, headers: Record<string, string> = {}, key = acme): Promise<Reply> {
  return post({ url: weir.url, key: key.text }, body, { headers });
}

function receiptOf(reply: Reply): string {
  return (JSON.parse(reply.body) as { receipt: string }).receipt;
}

async function lookUp(receipt: string, key = acme, query = ''): Promise<Reply> {
  return await ask(`${weir.url}/v1/receipts/${receipt}${query}`, { key: key.text });
}

test('a request that is taken gets 202, a receipt with a place to ask, and what is left', async () => {
  const reply = await send(`[${event},{"type":""},${event}]`);
  expect(reply.status).toBe(202);
  const body = JSON.parse(reply.body) as { receipt: string };
  expect(Object.keys(body)).toEqual(['receipt', 'accepted', 'rejected']);
  expect(body.receipt).toMatch(receiptForm);
  expect(body).toMatchObject({ accepted: 2, rejected: [{ index: 1, code: 'invalid_attribute' }] });
  expect(reply.headers).toMatchObject({
    'content-type': 'application/json',
    location: `/v1/receipts/${body.receipt}`,
    'ratelimit-policy': '"req";q=100;w=10;qu="requests";weir-burst=50',
    ratelimit: expect.stringMatching(/^"req";r=4\d;t=1$/),
  });
});

test('Prefer: wait gets 200 once the events are in the object store, long before their segment is old', async () => {
  const id = randomUUID();
  const reply = await send(JSON.stringify({ type: 'a', id }), { prefer: 'wait=20' });
  expect(reply).toMatchObject({ status: 200, headers: { 'preference-applied': 'wait=20' } });
  const lines = await storedLines(join(folder.path, 'data/store'));
  expect(lines.filter(({ text }) => text.includes(id))).toHaveLength(1);
});

test('Prefer: wait gets 202 where they are not there in time, and no longer than the server allows', async () => {
  const startedMs = performance.now();
  const headers = { prefer: 'respond-async, wait="30"' };
  const reply = await post({ url: stuck.url, key: acme.text }, event, { headers });
  const tookMs = performance.now() - startedMs;
  expect(reply).toMatchObject({ status: 202, headers: { 'preference-applied': 'wait=1' } });
  expect(tookMs).toBeGreaterThanOrEqual(990);
  expect(tookMs).toBeLessThan(10_000);
  expect(reply.headers).not.toHaveProperty('ratelimit'); // this server's settings switch it off
});

test('a receipt is queued and then stored, and leads to the very events', async () => {
  const bodies = [
    `[{"type":"","id":"x"},{"type":"a","id":"r-1"},5,{"type":"a","id":"r-3"}]`,
    event,
  ];
  const others = Array.from({ length: 5 }, () => send(event, {}, rival));
  const [mixed, plain] = await Promise.all(bodies.map((body) => send(body)));
  const rivals = await Promise.all(others);
  const receipt = receiptOf(mixed as Reply);

  const queued = await lookUp(receipt);
  expect(queued).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
  expect(JSON.parse(queued.body)).toEqual({ receipt, state: 'queued', events: [] });

  const stored = await lookUp(receipt, acme, '?wait=20'); // answered as soon as it is stored
  const status = JSON.parse(stored.body) as {
    events: { index: number; object: string; line: number }[];
  };
  expect(status).toMatchObject({ receipt, state: 'stored', events: [{ index: 1 }, { index: 3 }] });
  const lines = await storedLines(join(folder.path, 'data/store'));
  for (const { index, object, line } of status.events) {
    const found = lines.find((other) => other.object === object && other.line === line);
    expect(JSON.parse(found?.text ?? '{}')).toMatchObject({
      id: `r-${index}`,
      weirreceipt: receipt,
    });
  }
  for (const reply of [plain, ...rivals] as Reply[]) {
    const key = rivals.includes(reply) ? rival : acme;
    const { events } = JSON.parse((await lookUp(receiptOf(reply), key)).body);
    const found = lines.find(
      ({ object, line }) => object === events[0].object && line === events[0].line,
    );
    expect(JSON.parse(found?.text ?? '{}').weirreceipt).toBe(receiptOf(reply));
  }
});

test("another tenant's receipt does not exist, be it queued or stored", async () => {
  const receipt = receiptOf(await send(event));
  const secret = { status: 404, code: 'not_found', detail: 'no such receipt of this tenant' };
  expectProblem(await lookUp(receipt, rival), secret);
  expect(await lookUp(receipt, acme, '?wait=20')).toMatchObject({ status: 200 });
  expectProblem(await lookUp(receipt, rival), secret);
});

test('a receipt that was never given is unknown, and what is none does not exist', async () => {
  const never = await lookUp('0123456789abcdef-1-0');
  expect(JSON.parse(never.body)).toMatchObject({ state: 'unknown', events: [] });
  const inReach = receiptOf(await send(event)).replace(/\d+$/, '999999');
  expect((await lookUp(inReach)).body).not.toContain('stored');
  for (const none of ['x', '0123456789abcdef-1', '0123456789abcdef-01-0', '%2e%2e%2fspool', '']) {
    expect(await lookUp(none)).toMatchObject({ status: 404 });
  }
});

test('GET /v1/limits tells the quotas and what is left of them, and costs nothing', async () => {
  const before = await limits(acme.text);
  expect(before).toMatchObject({
    tenant: 'acme',
    key: acme.entry.id,
    request: {
      bodyBytes: 8 * 2 ** 20,
      decodedBytes: 32 * 2 ** 20,
      eventBytes: 256 * 2 ** 10,
      events: 10_000,
    },
  });
  const [requests, events] = before.quotas;
  const terms = { name: 'req', unit: 'requests', scope: 'tenant', tokens: 100, periodMs: 10_000 };
  expect(requests).toMatchObject({ ...terms, burst: 50, resetMs: expect.any(Number) });
  expect(events).toMatchObject({ name: 'ev', unit: 'events', burst: 1_000 });
  await send(`[${event},{},${event}]`);
  for (let asked = 0; asked < 3; asked += 1) {
    const [, left] = (await limits(acme.text)).quotas;
    expect(left?.remaining).toBe((events?.remaining as number) - 2); // the third was rejected
  }
});

interface Limits {
  readonly quotas: { name: string; remaining: number; resetMs: number }[];
}

async function limits(key: string): Promise<Limits> {
  return JSON.parse((await ask(`${weir.url}/v1/limits`, { key })).body) as Limits;
}

test('every path says what it knows: 404, 405 with Allow, HEAD and OPTIONS', async () => {
  const known: [path: string, allow: string, wrong: string][] = [
    ['/v1/events', 'POST', 'GET'],
    ['/v1/events', 'POST', 'PUT'],
    ['/v1/limits', 'GET, HEAD', 'POST'],
    ['/v1/receipts/0123456789abcdef-1-0', 'GET, HEAD', 'DELETE'],
    ['/problems/malformed', 'GET, HEAD', 'PATCH'],
  ];
  for (const [path, allow, method] of known) {
    const url = weir.url + path;
    const wrong = await ask(url, { method, key: acme.text });
    const detail = `${path}: expected ${allow}`;
    expectProblem(wrong, { status: 405, code: 'method_not_allowed', detail });
    expect(wrong.headers.allow).toBe(allow);
    const options = await ask(url, { method: 'OPTIONS' });
    expect(options).toMatchObject({ status: 204, body: '', headers: { allow } });
    if (!allow.includes('HEAD')) continue;
    const [head, get] = await Promise.all(
      ['HEAD', 'GET'].map((known) => ask(url, { method: known, key: acme.text })),
    );
    expect(head).toMatchObject({ status: 200, body: '' });
    expect(head?.headers['content-type']).toBe(get?.headers['content-type']);
  }
  for (const path of ['/', '/v1/event', '/v1/events/', '/v1/receipts/', '/livez', '/metrics']) {
    const detail = path === '/v1/receipts/' ? '' : 'this server knows POST /v1/events';
    const reply = await ask(weir.url + path, { key: acme.text });
    expectProblem(reply, { status: 404, code: 'not_found', detail });
  }
});

test('the type of a problem leads to a page about it', async () => {
  const refused = await send('{"type":');
  const { type } = expectProblem(refused, { status: 400, code: 'malformed', detail: 'line 1' });
  const page = await ask(weir.url + String(type));
  expect(page).toMatchObject({ status: 200 });
  expect(page.body).toContain('malformed (400)');
});
