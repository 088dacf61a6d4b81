import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from './support/ask.ts';
import { readMetric } from './support/metrics.ts';
import type { Reply } from './support/sender.ts';
import { storedLines } from './support/stored-events.ts';
import {
  eventually,
  startWeir,
  temporaryFolder,
  type WeirProcess,
} from './support/weir-process.ts';

// What is taken comes out of the object as it went in, whatever it was wrapped in on its way.

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let weir: WeirProcess;
beforeAll(async () => {
  folder = await temporaryFolder();
  weir = await startWeir({ dataDir: folder.path, env: { WEIR_SEGMENT_AGE_MS: '200' } });
});
afterAll(async () => {
  await weir?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

function send(body: string | Uint8Array, headers: Record<string, string>): Promise<Reply> {
  return ask(`${weir.url}/v1/events`, { method: 'POST', key: weir.key, body, headers });
}

/** Every stored line, parsed and as text, by the id of its event. */
async function stored(): Promise<Map<string, Record<string, unknown> & { text: string }>> {
  await eventually('all is delivered', async () =>
    (await readMetric(weir.adminUrl, 'weir_spool_requests')) === 0 ? true : undefined,
  );
  const lines = await storedLines(join(folder.path, 'store'));
  const parsed = lines.map(({ text }) => ({ ...JSON.parse(text), text }));
  const byId = new Map(parsed.map((event) => [event.id as string, event]));
  expect(byId.size).toBe(lines.length);
  return byId;
}

const encodings: Record<string, (body: Buffer) => Uint8Array> = {
  identity: (body) => body,
  gzip: (body) => zlib.gzipSync(body),
  'x-gzip': (body) => zlib.gzipSync(body),
  deflate: (body) => zlib.deflateSync(body),
  'deflate ': (body) => zlib.deflateRawSync(body), // as some senders understand the word
  br: (body) => zlib.brotliCompressSync(body),
  zstd: (body) => zlib.zstdCompressSync(body),
};
const shapes: { type: string; count: number; wrap: (events: string[]) => string }[] = [
  { type: 'application/json', count: 1, wrap: ([event = '']) => event },
  { type: 'application/json; charset="UTF-8"', count: 3, wrap: (events) => `[${events.join()}]` },
  { type: 'application/json', count: 3, wrap: (events) => `{"events":[${events.join()}]}` },
  { type: 'application/x-ndjson', count: 3, wrap: (events) => events.join('\n') },
  { type: 'application/cloudevents+json', count: 1, wrap: ([event = '']) => event },
  { type: 'application/cloudevents-batch+json', count: 3, wrap: (events) => `[${events.join()}]` },
  { type: 'Application/JSON', count: 2_000, wrap: (events) => ` [${events.join(' , ')}]\n` },
];

test('every shape of body is taken in every encoding, and gives the same lines', async () => {
  const sent: string[] = [];
  for (const { type, count, wrap } of shapes) {
    for (const [name, encode] of Object.entries(encodings)) {
      const events = Array.from(
        { length: count },
        (_, n) => `{"type":"shape","id":"${randomUUID()}","data":{"n":${n},"é":"\\u00e9 \u2028"}}`,
      );
      const encoding = name.trim();
      const reply = await send(encode(Buffer.from(wrap(events))), {
        'content-type': type,
        ...(encoding === 'identity' ? {} : { 'content-encoding': encoding }),
      });
      expect(reply, `${type} as ${name}: ${reply.body}`).toMatchObject({ status: 202 });
      expect(JSON.parse(reply.body)).toMatchObject({ accepted: count, rejected: [] });
      sent.push(...events);
    }
  }
  const lines = await stored();
  for (const event of sent) {
    const line = lines.get((JSON.parse(event) as { id: string }).id);
    expect(line?.text.startsWith(`${event.slice(0, -1)},"`)).toBe(true);
  }
});

test('numbers, order of names and escapes come out as they went in; pretty JSON is one line', async () => {
  const pretty = `\ufeff{
    "id" : "as-it-was",\r
    "type"\t: "odd\\u002etype" ,
    "z":1, "a" : true,
    "data" : { "beyond" : 9007199254740993, "more": 123456789012345678901234567890.10e+02,
      "zero": -0, "b": [ 1 , { } , [ ] ], "a": "  spaces : , [ kept ]  ",
      "escapes": "\\u0041\\/\\ud83d\\ude00 \\\\\\" \\b\\u0000", "text": "é 😀 \u2028" , "b": 2
    }
  }\n`;
  const line =
    '{"id":"as-it-was","type":"odd\\u002etype","z":1,"a":true,' +
    '"data":{"beyond":9007199254740993,"more":123456789012345678901234567890.10e+02,' +
    '"zero":-0,"b":[1,{},[]],"a":"  spaces : , [ kept ]  ",' +
    '"escapes":"\\u0041\\/\\ud83d\\ude00 \\\\\\" \\b\\u0000","text":"é 😀 \u2028","b":2},';
  const reply = await send(pretty, { 'content-type': 'application/json' });
  expect(reply).toMatchObject({ status: 202 });
  const text = (await stored()).get('as-it-was')?.text ?? '';
  expect(text.slice(0, line.length)).toBe(line);
  expect(text.slice(line.length)).toMatch(/^"specversion":"1\.0","source":/);
});

test('what an event lacks is filled in, and what it has is left alone', async () => {
  const whole = {
    specversion: '1.0',
    id: 'whole',
    source: '//mine',
    type: 'a',
    time: '2001-02-03T04:05:06+07:00',
  };
  const before = Date.now();
  const reply = await send(JSON.stringify([{ type: 'bare', subject: 'bare' }, whole]), {
    'content-type': 'application/json',
  });
  const after = Date.now();
  const { receipt } = JSON.parse(reply.body) as { receipt: string };
  const lines = await stored();
  const { text: _, ...asSent } = lines.get('whole') ?? { text: '' };
  expect(asSent).toEqual({ ...whole, weirtenant: 'dev', weirreceipt: receipt });

  const bare = [...lines.values()].find(({ subject }) => subject === 'bare');
  expect(bare).toMatchObject({
    specversion: '1.0',
    source: '/tenants/dev',
    weirtenant: 'dev',
    weirreceipt: receipt,
  });
  expect(Date.parse(bare?.time as string)).toBeGreaterThanOrEqual(before);
  expect(Date.parse(bare?.time as string)).toBeLessThanOrEqual(after);
  expect(bare?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const idMs = Number.parseInt(String(bare?.id).replace('-', '').slice(0, 12), 16);
  expect(idMs).toBe(Date.parse(bare?.time as string));
});

test('CloudEvents in binary mode: attributes from headers, data as its type says', async () => {
  const headers = (id: string, type?: string) => ({
    'ce-specversion': '1.0',
    'ce-id': id,
    'ce-type': 'binary.mode',
    'ce-source': '/b%C3%A4ch/%E2%82%AC',
    'ce-myext': '"quoted %22text%22"',
    ...(type === undefined ? {} : { 'content-type': type }),
  });
  const cases: [id: string, type: string | undefined, body: string | Uint8Array, data: object][] = [
    ['ce-json', 'application/json', '{ "n" : 9007199254740993 }', {}],
    ['ce-vendor', 'application/vnd.x+json; v=1', '[1]', { data: [1] }],
    ['ce-text', 'text/plain; charset=utf-8', 'a "line"\n', { data: 'a "line"\n' }],
    ['ce-bytes', 'image/png', Buffer.from([0x89, 0, 255]), { data_base64: 'iQD/' }],
    ['ce-untyped', undefined, Buffer.from([1, 2]), { data_base64: 'AQI=' }],
    ['ce-nothing', undefined, '', {}],
  ];
  for (const [id, type, body] of cases) {
    const reply = await send(body, headers(id, type));
    expect(reply, `${id}: ${reply.body}`).toMatchObject({ status: 202 });
  }
  const lines = await stored();
  for (const [id, type, , data] of cases) {
    const line = lines.get(id);
    expect(line).toMatchObject({
      specversion: '1.0',
      type: 'binary.mode',
      source: '/bäch/€',
      myext: 'quoted "text"',
      ...data,
    });
    expect(line?.datacontenttype).toBe(type);
  }
  expect(lines.get('ce-json')?.text).toContain('"data":{"n":9007199254740993}');
  expect(lines.get('ce-nothing')).not.toHaveProperty('data');
});

test('a body without a length, in many pieces, is taken like any other', async () => {
  const url = `${weir.url}/v1/events`;
  const events = Array.from({ length: 5_000 }, (_, n) => `{"type":"a","id":"piece-${n}"}\n`);
  async function* pieces() {
    for (let at = 0; at < events.length; at += 100) {
      yield Buffer.from(events.slice(at, at + 100).join(''));
    }
  }
  const headers = { authorization: `Bearer ${weir.key}`, 'content-type': 'application/x-ndjson' };
  const reply = await fetch(url, { method: 'POST', headers, body: pieces(), duplex: 'half' });
  expect([reply.status, await reply.json()]).toMatchObject([202, { accepted: 5_000 }]);
  const lines = await stored();
  for (let n = 0; n < 5_000; n += 1) expect(lines.has(`piece-${n}`)).toBe(true);
});
