import { gzipSync, zstdCompressSync } from 'node:zlib';

/** A body that cannot be taken, and what its sender must be told. */
export interface HostileBody {
  readonly what: string;
  readonly body: string | Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

/** In every event, so that a reply or a log that quotes too much of it shows. */
export const canary: string = 'canary'.repeat(1_000);

/** The text of one event. */
export function eventText(more: object = {}): string {
  return JSON.stringify({ type: 'a', data: canary, ...more });
}

/** Arrays in arrays. */
export function nested(levels: number): string {
  return '['.repeat(levels) + ']'.repeat(levels);
}

const gzip = { 'content-encoding': 'gzip' };
const zstd = { 'content-encoding': 'zstd' };
const ndjson = { 'content-type': 'application/x-ndjson' };
const batch = { 'content-type': 'application/cloudevents-batch+json' };
const latin1 = { 'content-type': 'application/json; charset=latin1' };
const zipped = gzipSync(eventText());

type Row = readonly [
  what: string,
  body: string | Buffer,
  detail: string,
  headers?: Readonly<Record<string, string>>,
];

const nothing = 'body: expected at least one event';
const slip = '{\n "type": "a",\n "data": nil\n}';
const malformed: readonly Row[] = [
  ['nothing', '', nothing],
  ['spaces alone', ' \r\n\t ', nothing],
  ['blank lines alone', '\n\r\n\n', nothing, ndjson],
  ['an array of nothing', '[]', nothing],
  ['a wrapper around nothing', '{"events":[]}', nothing],
  ['an event where a batch was said', eventText(), 'body: expected an array of events', batch],
  ['JSON that ends too early', eventText().slice(0, -2), 'body: line 1, column 6'],
  ['JSON with a slip', slip, 'body: line 3, column 11: expected'],
  ['two events and no array', eventText() + eventText(), 'expected the end'],
  ['100,000 levels, left open', '['.repeat(100_000), 'line 1, column 100001: expected'],
  ['4,000,000 levels, left open', '['.repeat(4_000_000), 'line 1, column 4000001: expected'],
];

const badEncoding: readonly Row[] = [
  ['gzip that ends too early', zipped.subarray(0, -12), 'expected gzip: it ends too early', gzip],
  ['text called gzip', eventText(), 'body: expected gzip', gzip],
  ['nothing called gzip', '', 'the body is empty', gzip],
  ['gzip and more', Buffer.concat([zipped, Buffer.from('x')]), 'body: expected gzip', gzip],
  ['zstd that wants 128 MiB of memory', zstdWithWindow(27), 'body: expected zstd', zstd],
];

const invalidUtf8: readonly Row[] = [
  ['a byte that is no UTF-8', withByte(eventText(), 20, 0xff), 'body: byte 20: expected UTF-8'],
  ['UTF-16', Buffer.from(`\ufeff${eventText()}`, 'utf16le'), 'body: byte 0: expected UTF-8'],
  ['half a character', withByte(eventText(), 6_020, 0xe2), 'expected UTF-8'],
];

const invalidEvents: readonly Row[] = [
  ['a number', '5', 'events[0]: expected a JSON object'],
  ['a number of 400 digits', '9'.repeat(400), 'events[0]: expected a JSON object'],
  ['1e999999 as attribute', '{"type":"a","n":1e999999}', 'events[0].n: expected'],
  ['__proto__', '{"type":"a","__proto__":{}}', 'events[0].__proto__: expected'],
  ['a type from __proto__', '{"__proto__":{"type":"a"}}', 'events[0].__proto__: expected'],
  ['a constructor', '{"type":"a","constructor":{}}', 'events[0].constructor: expected'],
  ['weirtenant', eventText({ weirtenant: 'neighbour' }), 'events[0].weirtenant: '],
  ['weirtenant in escapes', '{"type":"a","\\u0077eirtenant":"b"}', 'events[0].weirtenant: '],
  ['a name of 6,000 letters', `{"type":"a","${canary}":1}`, 'events[0]["canary'],
  ['two types, the last bad', '{"type":"a","type":""}', 'events[0].type: expected a non-empty'],
  [
    '100,000 levels',
    `{"type":"a","data":${nested(100_000)}}`,
    'events[0]: nested deeper than 100 levels',
  ],
  ['100,000 levels of arrays', nested(100_000), 'events[0]: expected a JSON object'],
  ['one bad type', '[{"type":["x"]}]', 'events[0].type: expected a non-empty string'],
];

const copies = (separator: string) => Array(10_001).fill('{"type":"a"}').join(separator);
const tooMany: readonly Row[] = [
  ['10,001 events', `[${copies(',')}]`, 'at most 10000 events in one request, got 10001'],
  ['10,001 lines', copies('\n'), 'at most 10000 events in one request, got 10001', ndjson],
  ['10,001 in a wrapper', `{"events":[${copies(',')}]}`, 'got 10001'],
];

const tooLarge: readonly Row[] = [
  [
    'one event of 300 kB',
    eventText({ data: 'x'.repeat(300_000) }),
    'expected at most 262144 bytes',
  ],
  ['4,000,000 levels', nested(4_000_000), 'expected at most 262144 bytes'],
];

const unknownType: readonly Row[] = [
  ['text/plain', eventText(), 'expected one of application/json', { 'content-type': 'text/plain' }],
  ['an empty type', eventText(), 'expected one of application/json', { 'content-type': '' }],
  ['another character set', eventText(), 'expected charset=utf-8', latin1],
];
const unknownCoding: readonly Row[] = [
  ['an unknown coding', eventText(), 'expected one of gzip', { 'content-encoding': 'lzma' }],
  ['two codings', zipped, 'expected one of gzip', { 'content-encoding': 'gzip, gzip' }],
];
const badHeader: readonly Row[] = [
  ['an Idempotency-Key of two words', eventText(), 'Idempotency-Key', { 'idempotency-key': 'a b' }],
];

/** What must be refused, none of it kept. */
export const hostileBodies: readonly HostileBody[] = [
  ...rows(400, 'malformed', malformed),
  ...rows(400, 'bad_encoding', badEncoding),
  ...rows(400, 'invalid_utf8', invalidUtf8),
  ...rows(400, 'invalid_events', invalidEvents),
  ...rows(413, 'too_many_events', tooMany),
  ...rows(413, 'too_large', tooLarge),
  ...rows(415, 'unsupported_media_type', unknownType),
  ...rows(415, 'unsupported_encoding', unknownCoding),
  ...rows(400, 'invalid_header', badHeader),
];

function rows(status: number, code: string, of: readonly Row[]): HostileBody[] {
  return of.map(([what, body, detail, headers = {}]) => {
    return { what, body, headers, status, code, detail };
  });
}

function withByte(text: string, at: number, byte: number): Buffer {
  const bytes = Buffer.from(text);
  bytes[at] = byte;
  return bytes;
}

/** A zstd frame whose header asks for a window of 2^log bytes (RFC 8878, 3.1.1.1). */
function zstdWithWindow(log: number): Buffer {
  const lastBlock = zstdCompressSync('x').subarray(-4);
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (log - 10) << 3]);
  return Buffer.concat([header, lastBlock]);
}
