import { missing } from '@weir/core/wire/event';
import { expect, test } from 'vitest';
import type { Batch } from '../spool/record.ts';
import { LineCutter } from './cut-lines.ts';
import { Lines } from './lines.ts';
import { exampleBatch, exampleHeader, exampleMs } from './segment-of.ts';

const end = '"weirtenant":"acme","weirreceipt":"abcdefghij012345-7-0"}\n';

function cut(changes: Partial<Batch>, firstEvent = 0): string {
  const lines = new Lines(1);
  const batch = { ...exampleBatch({ missing: 0, ...changes }), arrivedAtMs: exampleMs };
  new LineCutter(exampleHeader).cut(batch, 0, firstEvent, lines);
  return lines.view.toString('utf8');
}

function cutText(text: string, changes: Partial<Batch> = {}): string {
  return cut({ body: Buffer.from(text), ...changes });
}

test('fills in what the event lacks, and nothing else', () => {
  expect(cutText('{"type":"t"}', { missing: 15 })).toBe(
    '{"type":"t","specversion":"1.0","id":"019c139a-3840-748d-8567-89abcdef0123",' +
      `"source":"/tenants/acme","time":"2026-01-31T10:30:00.000Z",${end}`,
  );
  expect(cutText('{"type":"t"}', { missing: missing.source })).toBe(
    `{"type":"t","source":"/tenants/acme",${end}`,
  );
  expect(cutText('{"type":"t"}', { missing: missing.time })).toBe(
    `{"type":"t","time":"2026-01-31T10:30:00.000Z",${end}`,
  );
});

test('asks each event of a batch what it lacks', () => {
  const body = '[{"type":"a"},{"type":"b"},{"type":"c"}]';
  const each = Uint8Array.of(missing.specversion, 0, missing.id);
  expect(cutText(body, { shape: 'array', accepted: 3, missing: each })).toBe(
    `{"type":"a","specversion":"1.0",${end}{"type":"b",${end}` +
      `{"type":"c","id":"019c139a-3840-748d-8567-89abcdef0125",${end}`,
  );
});

test('leaves numbers, escapes, the order of names and repeated names as they came', () => {
  const event =
    '{"type":"t","n":123456789012345678901234567890,"f":1.10,"e":1E+2,"b":{"z":1,"a":2},' +
    '"s":"\\u00e9\\/\\n}{\\"[","__proto__":{"x":1},"type":"t2"}';
  expect(cutText(event)).toBe(`${event.slice(0, -1)},${end}`);
});

test('makes one line of an event that was written over many', () => {
  const event = { type: 't', data: { a: [1, 'two  spaces', { b: null }], c: {}, d: [] } };
  const pretty = JSON.stringify(event, null, 2).replaceAll('\n', '\r\n');
  expect(cutText(`\ufeff\n\t${pretty} \n`)).toBe(`${JSON.stringify(event).slice(0, -1)},${end}`);
});

test('is not impressed by depth or by long strings', () => {
  const deep = `{"type":"t","data":${'[{"a":'.repeat(5_000)}1${'}]'.repeat(5_000)}}`;
  expect(cutText(deep)).toBe(`${deep.slice(0, -1)},${end}`);
  for (let length = 50; length < 90; length += 1) {
    const long = `{"type":"${'x'.repeat(length)}\\\\\\"${'y'.repeat(length)}\\\\","a" : 1}`;
    expect(cutText(long)).toBe(`${long.replace(' : ', ':').slice(0, -1)},${end}`);
  }
});

test('passes over rejected elements of any kind', () => {
  const body = '[ 1 , {"type":"a"} , "]" , [ [ ] ] , {"type" : "b"} , null ]';
  const rejected = [0, 2, 3, 5].map((index) => ({ index, code: 'malformed' as const, detail: '' }));
  expect(cutText(body, { shape: 'array', accepted: 2, rejected })).toBe(
    `{"type":"a",${end}{"type":"b",${end}`,
  );
});

test.each([
  ['an unfinished string', '{"type":"t', {}],
  ['an unfinished object', '{"type":{}', {}],
  ['no object', '5', {}],
  ['an unfinished array', '[{"type":"t"}', { shape: 'array' }],
  ['an unfinished rejected element', '[{"type":"t"},', { shape: 'array', accepted: 2 }],
  ['fewer events than were taken', '[{"type":"t"}]', { shape: 'array', accepted: 2 }],
  ['more events than were taken', '{"type":"t"}\n{"type":"t"}', { shape: 'ndjson' }],
  ['no member named events', '{"a":[{"type":"t"}]}', { shape: 'wrapper' }],
] as [string, string, Partial<Batch>][])('refuses a record with %s', (_, body, changes) => {
  expect(() => cutText(body, changes)).toThrow(expect.objectContaining({ name: 'ScanError' }));
});

const binary = (type: string | undefined, body: string | Uint8Array) =>
  cut({
    shape: 'binary',
    attributes: { type: 't', subject: 'é"', ...(type && { datacontenttype: type }) },
    body: Buffer.from(body),
    missing: missing.specversion,
  });
const spec = `"specversion":"1.0",${end}`;

test.each([
  'application/json',
  'application/vnd.x+json; charset=utf-8',
  'text/json',
  ' Application/JSON',
])('an event in binary mode of type %s keeps its data as JSON', (type) => {
  const start = `{"type":"t","subject":"é\\"","datacontenttype":${JSON.stringify(type)},`;
  expect(binary(type, ' [ 1.0 , "a b" ]\n')).toBe(`${start}"data":[1.0,"a b"],${spec}`);
  expect(binary(type, ' 5 ')).toBe(`${start}"data":5,${spec}`);
});

test('an event in binary mode keeps text as a string', () => {
  const start = '{"type":"t","subject":"é\\"","datacontenttype":"text/plain",';
  expect(binary('text/plain', 'a\n"é"')).toBe(`${start}"data":"a\\n\\"é\\"",${spec}`);
});

test('an event in binary mode keeps anything else as base64, and no data as none', () => {
  const start = '{"type":"t","subject":"é\\""';
  expect(binary('application/x-bytes', Uint8Array.of(0xff, 0))).toBe(
    `${start},"datacontenttype":"application/x-bytes","data_base64":"/wA=",${spec}`,
  );
  expect(binary('image/png', 'PNG')).toBe(
    `${start},"datacontenttype":"image/png","data_base64":"UE5H",${spec}`,
  );
  expect(binary(undefined, 'x')).toBe(`${start},"data_base64":"eA==",${spec}`);
  expect(binary(undefined, '')).toBe(`${start},${spec}`);
});
