import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { eventText } from './support/hostile-bodies.ts';
import { type Neighbourhood, startNeighbourhood } from './support/neighbour.ts';
import { expectProblem } from './support/problem.ts';
import { makeKey } from './support/tenants.ts';
import { requestText, Wire } from './support/wire.ts';

// What is no proper HTTP, or is sent in an unusual way, gets a clear answer on its own connection
// and is felt on no other: after every test a neighbour sends an event over its kept connection.

const acme = makeKey();
const reader = makeKey(['read']);
const spent = makeKey();
const stranger = makeKey();
const event = '{"type":"a"}';
const onceADay = { name: 'day', unit: 'requests', tokens: 1, period: '1d', burst: 1 } as const;

let town: Neighbourhood;
beforeAll(async () => {
  const tenants = {
    acme: { keys: [acme, reader] },
    spent: { keys: [spent], quotas: [onceADay] },
  };
  town = await startNeighbourhood(tenants);
  using wire = await open();
  await wire.send(requestText(spent.text, event));
  expect(await wire.reply()).toMatchObject({ status: 202 });
});
afterEach(() => town.neighbourSends());
afterAll(() => town?.[Symbol.asyncDispose]());

function open(options?: { deaf?: boolean }): Promise<Wire> {
  return Wire.open(town.weir.url, options);
}

const chunked = 'Transfer-Encoding: chunked';
const inChunks = (...parts: string[]) =>
  `${parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`;

test('requests in one packet are answered in order, and a bad one harms no other', async () => {
  using wire = await open();
  const bad = requestText(acme.text, '{"type":');
  const wrongKey = requestText(stranger.text, event);
  const good = requestText(acme.text, event);
  const inPieces = requestText(acme.text, inChunks('{"type"', ':"a"}'), [chunked]);
  const get = `GET /v1/limits HTTP/1.1\r\nHost: weir\r\nAuthorization: Bearer ${acme.text}\r\n\r\n`;
  await wire.send([good, bad, inPieces, get, wrongKey, good].join(''));
  const statuses: number[] = [];
  for (let i = 0; i < 6; i += 1) statuses.push((await wire.reply()).status);
  expect(statuses).toEqual([202, 400, 202, 200, 401, 202]);
  await wire.send(good);
  expect(await wire.reply()).toMatchObject({ status: 202 });
});

test('a connection outlives the refusals on it', async () => {
  using wire = await open();
  const gzip = ['Content-Encoding: gzip'];
  const refused = [
    requestText(acme.text, 'no gzip', gzip),
    requestText(acme.text, event, ['Content-Type: text/html']),
    requestText(stranger.text, event),
    requestText(reader.text, event),
    requestText(spent.text, event),
    requestText(acme.text, '{"type":'),
  ];
  for (const request of refused) {
    const headerEnd = request.indexOf('\r\n\r\n') + 4;
    await wire.send(request); // in one packet, and then with its body some time after its header
    expect((await wire.reply()).status).toBeGreaterThanOrEqual(400);
    await wire.send(request.slice(0, headerEnd));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await wire.send(request.slice(headerEnd));
    expect((await wire.reply()).status).toBeGreaterThanOrEqual(400);
  }
  await new Promise((resolve) => setTimeout(resolve, 1_200)); // the rest of a body may take 1 s
  expect(wire.end).toBeUndefined();
  await wire.send(requestText(acme.text, event));
  expect(await wire.reply()).toMatchObject({ status: 202 });
});

test('garbage behind a good request leaves that its own answer', async () => {
  for (let round = 0; round < 20; round += 1) {
    using wire = await open();
    await wire.send(`${requestText(acme.text, event)}GARBAGE\r\n\r\n`);
    expect(await wire.reply()).toMatchObject({ status: 202 });
    expect(wire.end ?? (await endOrProblem(wire))).toBe('closed');
  }
});

test('a body longer than its Content-Length ends the connection after the answer', async () => {
  using wire = await open();
  await wire.send(requestText(acme.text, '{"type":"a"}{"type":"b"}', ['Content-Length: 12']));
  expect(await wire.reply()).toMatchObject({ status: 202 });
  expect(await endOrProblem(wire)).toBe('closed');
});

test.each([
  ['a Content-Length that is no number', ['Content-Length: 1e1'], event],
  ['a negative Content-Length', ['Content-Length: -1'], event],
  ['a Content-Length beyond all numbers', ['Content-Length: 99999999999999999999999'], event],
  ['two Content-Lengths', ['Content-Length: 12', 'Content-Length: 13'], event],
  ['a list of Content-Lengths', ['Content-Length: 12, 12'], event],
  ['both Content-Length and chunks', ['Content-Length: 12', chunked], inChunks(event)],
  ['both, the other way round', [chunked, 'Content-Length: 12'], inChunks(event)],
  ['an unknown Transfer-Encoding', ['Transfer-Encoding: xchunked'], event],
  ['chunked, but not last', ['Transfer-Encoding: chunked, gzip'], inChunks(event)],
  ['a chunk whose size is none', [chunked], `zz\r\n${event}\r\n0\r\n\r\n`],
  ['a chunk longer than it says', [chunked], `3\r\n${event}\r\n0\r\n\r\n`],
  ['a chunk of more than 2^64 bytes', [chunked], `fffffffffffffffff\r\n${event}`],
  ['a header with a space before its colon', ['Weir-Events : 1'], event],
  ['a header line that is folded', ['X-A: 1', ' 2'], event],
  ['a header with a control character', ['X-A: a\u0001b'], event],
])('%s is no HTTP: one 400, and the connection ends', async (_, headers, body) => {
  using wire = await open();
  await wire.send(requestText(acme.text, body, headers));
  expectProblem(await wire.reply(), { status: 400, code: 'bad_request', detail: 'HTTP' });
  expect(await wire.ended()).toBe('closed');
});

test.each([
  ['noise', randomBytes(512)],
  ['TLS', Buffer.from('16030100f4010000f00303', 'hex')],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['HTTP/0.9', 'GET /\r\n\r\n'],
  ['a request without Host', 'GET /v1/limits HTTP/1.1\r\n\r\n'],
  ['a Host that is none', 'GET /v1/limits HTTP/1.1\r\nHost: a b/c?d\r\n\r\n'],
])('%s gets a 400 and the end of the connection', async (_, bytes) => {
  using wire = await open();
  await wire.send(bytes);
  expectProblem(await wire.reply(), { status: 400, code: 'bad_request', detail: '' });
  expect(await wire.ended()).toBe('closed');
});

test.each([
  'GET /v1/receipts/../../etc/passwd',
  'GET /v1/receipts/..%2f..%2fspool',
  'GET /v1/receipts/%00',
  'GET /v1/receipts/%zz',
  'GET //v1/events',
  'GET http://other.example/v1/nothing',
  'GET /problems/__proto__',
  'GET /problems/constructor',
  `GET /${'a'.repeat(8_000)}`,
])('%s finds nothing', async (request) => {
  using wire = await open();
  const key = `Authorization: Bearer ${acme.text}`;
  await wire.send(`${request} HTTP/1.1\r\nHost: weir\r\n${key}\r\n\r\n`);
  expectProblem(await wire.reply(), { status: 404, code: 'not_found', detail: '' });
});

test('a header of more than 16 KiB is a 431, wherever it is too long', async () => {
  const long = 'a'.repeat(20_000);
  const many = Array.from({ length: 2_000 }, (_, i) => `X-${i}: 12345`);
  for (const headers of [[`X-A: ${long}`], [`${long}: a`], many]) {
    using wire = await open();
    await wire.send(requestText(acme.text, event, headers));
    const reply = await wire.reply();
    expectProblem(reply, { status: 431, code: 'headers_too_large', detail: '16 KiB' });
    expect(await wire.ended()).toBe('closed');
  }
});

test('who asks with Expect: 100-continue is told no before the body, or yes and then the answer', async () => {
  const expecting = (key: string, length: number, ...more: string[]) =>
    requestText(key, '', [`Content-Length: ${length}`, 'Expect: 100-continue', ...more]);
  const noes = [
    { request: expecting(stranger.text, 12), status: 401, code: 'unauthorized' },
    { request: expecting(reader.text, 12), status: 403, code: 'forbidden' },
    { request: expecting(acme.text, 9 * 2 ** 20), status: 413, code: 'too_large' },
    { request: expecting(spent.text, 12), status: 429, code: 'rate_limited' },
    {
      request: expecting(acme.text, 12, 'Content-Type: text/html'),
      status: 415,
      code: 'unsupported_media_type',
    },
  ];
  for (const { request, ...expected } of noes) {
    using wire = await open();
    await wire.send(request);
    expectProblem(await wire.reply(), { ...expected, detail: '' });
    expect(await wire.ended()).toBe('closed');
  }
  using wire = await open();
  for (let round = 0; round < 2; round += 1) {
    await wire.send(expecting(acme.text, event.length));
    expect(await wire.reply()).toMatchObject({ status: 100 });
    await wire.send(event);
    expect(await wire.reply()).toMatchObject({ status: 202 });
  }
  await wire.send(requestText(acme.text, event, ['Expect: a miracle']));
  expect(await wire.reply()).toMatchObject({ status: 417 });
});

test('a sender that only writes sees the refusal of its long body, not a reset', async () => {
  const body = eventText({ data: 'x'.repeat(12 * 2 ** 20) });
  const short = eventText({ data: 'x'.repeat(7 * 2 ** 20) });
  const cases = [
    { request: requestText(stranger.text, body), status: 401, code: 'unauthorized' },
    { request: requestText(acme.text, body), status: 413, code: 'too_large' },
    { request: requestText(acme.text, inChunks(body), [chunked]), status: 413, code: 'too_large' },
    { request: requestText(spent.text, short), status: 429, code: 'rate_limited' },
  ];
  for (const { request, ...expected } of cases) {
    using wire = await open({ deaf: true });
    await wire.send(request);
    wire.listen();
    const reply = await wire.reply();
    expectProblem(reply, { ...expected, detail: '' });
    expect(reply.headers.connection).toBe('close');
    expect(await wire.ended()).toBe('closed');
  }
});

test('after all of it the neighbour has lost nothing, and nothing was given away', async () => {
  await town.expectPeace([acme.text, reader.text, spent.text, stranger.text]);
  const types = (await town.stored()).map(({ type }) => type);
  expect(types).not.toContain('b');
});

/** The end of a connection; before it one problem document may come. */
async function endOrProblem(wire: Wire): Promise<string> {
  const last = await wire.reply().catch(() => undefined);
  if (last !== undefined) expectProblem(last, { status: 400, code: 'bad_request', detail: '' });
  return await wire.ended();
}
