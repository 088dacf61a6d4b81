import { missing, type RejectedEvent } from '@weir/core/wire/event';
import { expect, test } from 'vitest';
import { checkEvent, fillable } from './check-event.ts';

test.each([
  ['5', 'not_an_object', ': expected a JSON object'],
  ['"text"', 'not_an_object', ': expected a JSON object'],
  ['null', 'not_an_object', ': expected a JSON object'],
  ['{}', 'invalid_attribute', '.type: expected a non-empty string'],
  ['{"type":""}', 'invalid_attribute', '.type: expected a non-empty string'],
  ['{"type":7}', 'invalid_attribute', '.type: expected a non-empty string'],
  ['{"type":null}', 'invalid_attribute', '.type: expected a non-empty string'],
  ['{"type":"a","specversion":"0.3"}', 'invalid_attribute', '.specversion: expected "1.0"'],
  ['{"type":"a","specversion":1.0}', 'invalid_attribute', '.specversion: expected "1.0"'],
  ['{"type":"a","id":""}', 'invalid_attribute', '.id: expected a non-empty string; '],
  ['{"type":"a","id":1}', 'invalid_attribute', '.id: expected a non-empty string; '],
  ['{"type":"a","source":""}', 'invalid_attribute', '.source: expected a URI reference '],
  ['{"type":"a","source":"my shop"}', 'invalid_attribute', '.source: expected a URI ref'],
  ['{"type":"a","source":"/a\\u0000"}', 'invalid_attribute', '.source: expected a URI ref'],
  ['{"type":"a","source":null}', 'invalid_attribute', '.source: expected a URI reference '],
  ['{"type":"a","time":"today"}', 'invalid_attribute', '.time: expected an RFC 3339 times'],
  ['{"type":"a","time":0}', 'invalid_attribute', '.time: expected an RFC 3339 timestamp'],
  ['{"type":"a","subject":1}', 'invalid_attribute', '.subject: expected a string'],
  ['{"type":"a","dataschema":{}}', 'invalid_attribute', '.dataschema: expected a string'],
  ['{"type":"a","datacontenttype":[]}', 'invalid_attribute', '.datacontenttype: expected a '],
  ['{"type":"a","x":null}', 'invalid_attribute', '.x: expected a value; null says nothing'],
  ['{"type":"a","subject":null}', 'invalid_attribute', '.subject: expected a value; null '],
  ['{"type":"a","x":{}}', 'invalid_attribute', '.x: expected a string, a boolean or a wh'],
  ['{"type":"a","x":[1]}', 'invalid_attribute', '.x: expected a string, a boolean or a w'],
  ['{"type":"a","x":1.5}', 'invalid_attribute', '.x: expected a string, a boolean or a w'],
  ['{"type":"a","x":2147483648}', 'invalid_attribute', '.x: expected a string, a boolean '],
  ['{"type":"a","x":-2147483649}', 'invalid_attribute', '.x: expected a string, a boolean'],
  ['{"type":"a","x":1e999}', 'invalid_attribute', '.x: expected a string, a boolean or a '],
  ['{"Type":"a"}', 'invalid_attribute', '.Type: expected a name of 1 to 64 characters of'],
  ['{"type":"a","a_b":1}', 'invalid_attribute', '.a_b: expected a name of 1 to 64 charact'],
  ['{"type":"a","":1}', 'invalid_attribute', '[""]: expected a name of 1 to 64 characters'],
  ['{"type":"a","x y":1}', 'invalid_attribute', '["x y"]: expected a name of 1 to 64 char'],
  ['{"type":"a","__proto__":1}', 'invalid_attribute', '.__proto__: expected a name of 1 to'],
  ['{"type":"a","weirtenant":"b"}', 'reserved_attribute', '.weirtenant: attributes beginn'],
  ['{"type":"a","weir":null}', 'reserved_attribute', '.weir: attributes beginning with "w'],
  ['{"type":"a","\\u0077eirx":1}', 'reserved_attribute', '.weirx: attributes beginning wi'],
  ['{"type":"a","data_base64":1}', 'invalid_attribute', '.data_base64: expected a base64 s'],
  ['{"type":"a","data_base64":"a"}', 'invalid_attribute', '.data_base64: expected a base64'],
  ['{"type":"a","data_base64":"a-_="}', 'invalid_attribute', '.data_base64: expected a bas'],
  ['{"data":null,"type":"a","data_base64":""}', 'invalid_attribute', '.data_base64: expecte'],
])('%s is %s', (event, code, detail) => {
  const rejected = check(event, 7) as RejectedEvent;
  expect(rejected).toMatchObject({ index: 7, code });
  expect(rejected.detail.startsWith(`events[7]${detail}`)).toBe(true);
});

test.each([
  '{"type":"a","specversion":"1.0","id":"i","source":"urn:x","time":"2026-01-31T12:00:00Z"}',
  '{"type":"a","subject":"","datacontenttype":"text/plain","dataschema":"x y","data":"é"}',
  '{"type":"a","data":null}',
  '{"type":"a","data_base64":""}',
  '{"type":"a","data_base64":"AAE="}',
  '{"type":"a","x":"","y1":true,"z":false,"i":2147483647,"j":-2147483648,"k":1.0,"l":-0}',
  '{"type":"a","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}',
  `{"type":"a","${'x'.repeat(64)}":1}`,
  '{"type":"a","source":"/schön/{id}"}',
  '{"type":"a","data":1e999}',
  `{"type":"a","data":${'9'.repeat(400)}}`,
  '{"type":"a","data":{"__proto__":{"type":1},"constructor":null,"a":1,"a":2}}',
  '{"type":"","type":"a"}',
  '{"\\u0074ype":"\\u0061"}',
  '{"type":"\\ud800"}',
])('%s is an event', (event) => {
  expect(check(event)).toBeTypeOf('number');
});

test.each([
  '2026-01-31T12:00:00Z',
  '2026-01-31t12:00:00.123456789z',
  '2024-02-29T23:59:60+14:00',
  '2000-02-29T00:00:00-23:59',
  '0000-12-31T00:00:00Z',
])('%s is a time', (time) => {
  expect(check(JSON.stringify({ type: 'a', time }))).toBe(fillable & ~missing.time);
});

test.each([
  '2026-01-31',
  '2026-01-31T12:00Z',
  '2026-01-31 12:00:00Z',
  '2026-01-31T12:00:00',
  '2026-01-31T12:00:00.Z',
  '2026-01-31T24:00:00Z',
  '2026-01-31T12:60:00Z',
  '2026-01-31T12:00:61Z',
  '2026-01-31T12:00:00+24:00',
  '2026-00-31T12:00:00Z',
  '2026-13-31T12:00:00Z',
  '2026-01-00T12:00:00Z',
  '2026-04-31T12:00:00Z',
  '2023-02-29T12:00:00Z',
  '1900-02-29T12:00:00Z',
  '12026-01-31T12:00:00Z',
  '2026-01-31T12:00:00Z\n',
])('%j is none', (time) => {
  expect(check(JSON.stringify({ type: 'a', time }))).toHaveProperty('code');
});

test('a long name is shown by its beginning', () => {
  const rejected = check(`{"type":"a","${'secret '.repeat(99)}":1}`) as RejectedEvent;
  expect(rejected.detail).toContain(`["${'secret '.repeat(6).slice(0, 40)}"]`);
});

test('what is missing is told by its bits', () => {
  const { specversion, id, source, time } = missing;
  expect(check('{"type":"a"}')).toBe(specversion | id | source | time);
  expect(check('{"type":"a","id":"x","source":"/s"}')).toBe(specversion | time);
  expect(check('{"specversion":"1.0","id":"x","source":"/s","type":"a"}')).toBe(time);
  expect(
    check('{"specversion":"1.0","id":"x","source":"/s","type":"a","time":"2026-01-31T12:00:00Z"}'),
  ).toBe(0);
});

function check(event: string, index = 0) {
  return checkEvent(JSON.parse(event), index, Buffer.from(event));
}
