import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { brotliBomb, gzipBomb, zstdBomb } from './support/bombs.ts';
import { peakGrowthMiB } from './support/memory.ts';
import { readMetric } from './support/metrics.ts';
import { type Neighbourhood, startNeighbourhood } from './support/neighbour.ts';
import { expectProblem } from './support/problem.ts';
import { post } from './support/sender.ts';
import { makeKey } from './support/tenants.ts';
import { eventually, startWeir } from './support/weir-process.ts';
import { requestText, Wire } from './support/wire.ts';

// Senders that bring too much, come too slowly or go away get what they deserve, and neither room
// nor memory of the server stays with them: the spool of this one has room for eight requests.

const acme = makeKey();
const event = '{"type":"a"}';
const idleMs = 1_000;
const rounds = 20;

let town: Neighbourhood;
let slowHeader: Wire;
beforeAll(async () => {
  const env = {
    MAX_QUEUE: '8',
    WEIR_MAX_QUEUE_BYTES: `${40 * 2 ** 20}`,
    WEIR_IDLE_MS: `${idleMs}`,
    WEIR_SEGMENT_AGE_MS: '50',
  };
  town = await startNeighbourhood({ acme: { keys: [acme] } }, env);
  slowHeader = await open();
  await slowHeader.send('POST /v1/events HTTP/1.1\r\nHost: weir\r\nAuthorization: Bea');
});
afterEach(async () => {
  await town.stored();
  await town.neighbourSends();
});
afterAll(async () => {
  slowHeader?.[Symbol.dispose]();
  await town?.[Symbol.asyncDispose]();
});

function open(): Promise<Wire> {
  return Wire.open(town.weir.url);
}

test.each([
  ['gzip', gzipBomb],
  ['br', brotliBomb],
  ['zstd', zstdBomb],
])('a %s bomb of a gibibyte is refused, and costs 48 MiB at most', async (coding, make) => {
  const bomb = await make();
  expect(bomb.length).toBeLessThan(1.1 * 2 ** 20);
  await using weir = await startWeir({ dataDir: join(town.folder, coding) });
  for (let warmUp = 0; warmUp < 100; warmUp += 1) await post(weir, event);
  const grownMiB = await peakGrowthMiB(weir.pid, async () => {
    const reply = await post(weir, bomb, { headers: { 'content-encoding': coding } });
    const detail = 'expected at most 33554432 bytes once decompressed';
    expectProblem(reply, { status: 413, code: 'too_large', detail });
  });
  console.log(`${bomb.length} bytes of ${coding} took ${grownMiB.toFixed(1)} MiB`);
  expect(grownMiB).toBeLessThanOrEqual(48);
});

test('bodies that come slowly hold no more memory than there is for them', async () => {
  const mebibyte = 2 ** 20;
  await using weir = await startWeir({
    dataDir: join(town.folder, 'slow'),
    env: { WEIR_MAX_BODY_MEMORY: '32 MiB', WEIR_IDLE_MS: '20000' },
  });
  for (let warmUp = 0; warmUp < 100; warmUp += 1) await post(weir, event);
  const senders = await Promise.all(Array.from({ length: 16 }, () => Wire.open(weir.url)));
  const half = ' '.repeat(4 * mebibyte);
  const grownMiB = await peakGrowthMiB(weir.pid, async () => {
    const length = `Content-Length: ${8 * mebibyte}`;
    for (const wire of senders) await wire.send(requestText(weir.key, half, [length]));
    const late = await Promise.all(senders.slice(4).map((wire) => wire.reply()));
    for (const { status, headers, body } of late) {
      expect([status, headers['retry-after']]).toEqual([503, expect.stringMatching(/^[12]$/)]);
      expect(body).toContain('bytes of bodies are being taken in, at most 33554432 may be');
    }
  });
  console.log(`sixteen slow bodies of 8 MiB took ${grownMiB.toFixed(1)} MiB`);
  expect(grownMiB).toBeLessThanOrEqual(64);
  const blank = ' '.repeat(4 * mebibyte - event.length);
  for (const wire of senders.slice(0, 4)) {
    await wire.send(event + blank);
    expect((await wire.reply()).status).toBe(202);
  }
  expect(await post(weir, event)).toMatchObject({ status: 202 });
  for (const wire of senders) wire[Symbol.dispose]();
});

test('a hundred bombs at once are refused in turn, and an ordinary event gets through meanwhile', async () => {
  const bomb = await zstdBomb();
  await using weir = await startWeir({ dataDir: join(town.folder, 'flock') });
  for (let warmUp = 0; warmUp < 100; warmUp += 1) await post(weir, event);
  const grownMiB = await peakGrowthMiB(weir.pid, async () => {
    const headers = { 'content-encoding': 'zstd' };
    const flock = Array.from({ length: 100 }, () => post(weir, bomb, { headers }));
    const first = await Promise.any(flock);
    expect(await post(weir, event)).toMatchObject({ status: 202 });
    const replies = [first, ...(await Promise.all(flock))];
    for (const { status } of replies) expect([413, 503]).toContain(status); // too large, or no memory
  });
  console.log(`a hundred bombs at once took ${grownMiB.toFixed(1)} MiB`);
  expect(grownMiB).toBeLessThanOrEqual(256); // each alone would take 32
});

test('a sender that stalls is told how far it came, and gives its room back', async () => {
  const stalls = [
    { request: requestText(acme.text, '{"type', ['Content-Length: 12']), came: '6 of 12 bytes' },
    { request: requestText(acme.text, '', ['Content-Length: 7000000']), came: '0 of 7000000' },
    {
      request: requestText(acme.text, '6\r\n{"type', ['Transfer-Encoding: chunked']),
      came: '6 by',
    },
  ];
  // With the neighbour's last event these are all that the spool has room for.
  const waits = Array.from({ length: 7 }, async (_, round) => {
    const { request, came } = stalls[round % stalls.length] as (typeof stalls)[number];
    using wire = await open();
    await wire.send(request);
    const reply = await wire.reply();
    expectProblem(reply, {
      status: 408,
      code: 'sender_stalled',
      detail: `for ${idleMs} ms; ${came}`,
    });
    expect(await wire.ended()).toBe('closed');
  });
  await Promise.all(waits);
});

test('a sender that is slow but steady is taken', async () => {
  using wire = await open();
  await wire.send(requestText(acme.text, '', [`Content-Length: ${event.length}`]));
  for (const byte of event) {
    await new Promise((resolve) => setTimeout(resolve, idleMs / 8)); // 1.5 times its idle time in all
    await wire.send(byte);
  }
  expect(await wire.reply()).toMatchObject({ status: 202 });
});

test('a sender that hangs up in the middle leaves nothing behind', async () => {
  const before = (await town.stored()).length;
  for (let round = 0; round < rounds; round += 1) {
    using wire = await open();
    await wire.send(requestText(acme.text, event, ['Content-Length: 7000000']));
    if (round % 2 === 0) wire.hangUp();
    else wire.close();
  }
  await eventually('all of them are noticed', async () =>
    (await readMetric(town.weir.adminUrl, 'weir_requests_total{code="aborted"}')) === rounds
      ? true
      : undefined,
  );
  expect((await town.stored()).length).toBe(before);
});

test('a sender that hangs up before its answer has its event stored, once', async () => {
  const ids = Array.from({ length: 4 }, (_, i) => `unheard-${i}`);
  for (const id of ids) {
    using wire = await open();
    await wire.send(requestText(acme.text, JSON.stringify({ type: 'a', id })));
    wire.close();
  }
  await eventually('they are stored', async () => {
    const stored = (await town.stored()).filter(({ id }) => id.startsWith('unheard-'));
    expect(stored.length).toBeLessThanOrEqual(ids.length);
    return stored.length === ids.length ? true : undefined;
  });
});

test('a refusal gives the room back', async () => {
  const target = { url: town.weir.url, key: acme.text };
  const huge = Buffer.alloc(9 * 2 ** 20, ' ');
  const refusals = [
    { body: '{"type":' },
    { body: '{"type":""}' },
    { body: event, headers: { 'idempotency-key': 'a b' } },
    { body: event, headers: { 'content-encoding': 'gzip' } },
    { body: gzipSync(Buffer.alloc(2 ** 20, 0xff)), headers: { 'content-encoding': 'gzip' } },
    { body: huge },
  ];
  for (let round = 0; round < rounds; round += 1) {
    for (const { body, headers = {} } of refusals) {
      const reply = await post(target, body, { headers: headers as Record<string, string> });
      expect([400, 413]).toContain(reply.status);
    }
    using wire = await open();
    const chunked = requestText(acme.text, '', ['Transfer-Encoding: chunked']);
    await wire.send(`${chunked}${huge.length.toString(16)}\r\n`);
    await wire.send(huge);
    expectProblem(await wire.reply(), { status: 413, code: 'too_large', detail: 'on the wire' });
  }
});

test('a header that never ends is given up', async () => {
  const reply = await slowHeader.reply(15_000);
  expectProblem(reply, { status: 408, code: 'sender_stalled', detail: 'did not arrive in time' });
  expect(await slowHeader.ended()).toBe('closed');
});

test('after all of it the neighbour has lost nothing, and nothing was given away', async () => {
  await town.expectPeace([acme.text]);
});
