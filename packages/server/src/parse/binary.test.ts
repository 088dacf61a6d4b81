import { missing } from '@weir/core/wire/event';
import { isRefusal } from '@weir/core/wire/refusal';
import { describe, expect, test } from 'vitest';
import { bodyKind } from '../body/content-type.ts';
import { parseEvents } from '../parse-events.ts';
import type { RequestHeaders } from '../request.ts';

const limits = { bodyBytes: 8 << 20, decodedBytes: 32 << 20, eventBytes: 1_000, events: 10 };
const all = missing.specversion | missing.id | missing.source | missing.time;

test('the attributes come from headers, the data is the body', () => {
  const headers = {
    host: 'localhost',
    'content-type': 'application/json; charset=utf-8',
    'ce-specversion': '1.0',
    'ce-id': '17',
    'ce-source': '/shop',
    'ce-type': 'order.paid',
    'ce-time': '2026-01-31T12:00:00Z',
    'ce-region': 'eu',
  };
  expect(binary('{"total":12}', headers)).toEqual({
    shape: 'binary',
    accepted: 1,
    rejected: [],
    missing: 0,
    attributes: {
      specversion: '1.0',
      id: '17',
      source: '/shop',
      type: 'order.paid',
      time: '2026-01-31T12:00:00Z',
      region: 'eu',
      datacontenttype: 'application/json; charset=utf-8',
    },
  });
});

test('what is left out is filled in later, and no data is no data', () => {
  expect(binary('', { 'ce-type': 'ping' })).toEqual({
    shape: 'binary',
    accepted: 1,
    rejected: [],
    missing: all,
    attributes: { type: 'ping' },
  });
});

test.each([
  ['a%20b', 'a b'],
  ['Euro%20%E2%82%AC%20%F0%9F%98%80', 'Euro € 😀'],
  ['100%25', '100%'],
  ['"quoted \\"once\\""', 'quoted "once"'],
  ['"%41"', 'A'],
  ['a"b', 'a"b'],
  ['%2525', '%25'],
])('a value is unquoted and then decoded once: %s', (subject, decoded) => {
  expect(binary('', { 'ce-type': 'a', 'ce-subject': subject })).toMatchObject({
    attributes: { subject: decoded },
  });
});

test.each([
  [{ 'ce-specversion': '1.0' }, 'events[0].type: expected a non-empty string'],
  [{ 'ce-type': '' }, 'events[0].type: expected a non-empty string'],
  [{ 'ce-type': 'a', 'ce-specversion': '0.3' }, 'events[0].specversion: expected "1.0"'],
  [{ 'ce-type': 'a', 'ce-time': 'now' }, 'events[0].time: expected an RFC 3339 timestamp'],
  [{ 'ce-type': 'a', 'ce-source': 'a%20b' }, 'events[0].source: expected a URI reference'],
  [{ 'ce-type': 'a', 'ce-weirtenant': 'b' }, 'events[0].weirtenant: attributes beginning'],
  [{ 'ce-type': 'a', 'ce-a_b': 'b' }, 'events[0].a_b: expected a name'],
  [{ 'ce-type': 'a', 'ce-': 'b' }, 'events[0][""]: expected a name'],
  [{ 'ce-type': 'a', 'ce-x': '100%' }, 'events[0].x: expected ASCII, with percent-encoded'],
  [{ 'ce-type': 'a', 'ce-x': '%ff' }, 'events[0].x: expected ASCII, with percent-encoded UTF-8'],
  [{ 'ce-type': 'a', 'ce-x': 'schÃ¶n' }, 'events[0].x: expected ASCII, with percent-encoded'],
  [{ 'ce-type': 'a', 'ce-x': ['b', 'c'] }, 'events[0].x: expected ASCII, with percent-encod'],
  [{ 'ce-type': 'a', 'ce-data': '1' }, 'events[0].data: expected the data in the body'],
  [{ 'ce-type': 'a', 'ce-data_base64': 'AAE=' }, 'events[0].data_base64: expected the data in'],
  [{ 'ce-type': 'a', 'ce-datacontenttype': 'a/b' }, 'events[0].datacontenttype: expected the '],
])('%o is refused', (headers, detail) => {
  expect(binary('', headers)).toMatchObject({
    refused: 'invalid_events',
    detail: expect.stringContaining(detail),
    members: { rejectedCount: 1, rejected: [{ index: 0 }] },
  });
});

describe('data', () => {
  const ofType = (contentType: string | undefined, body: string | Buffer) =>
    binary(body, { 'ce-type': 'a', ...(contentType && { 'content-type': contentType }) });

  test('that says it is JSON must be JSON', () => {
    const refusal = {
      refused: 'malformed',
      detail: 'body: line 2, column 1: expected a value or "]"',
    };
    for (const type of ['application/json', 'text/json', 'application/vnd.x+json; a=b']) {
      expect(ofType(type, '[\n')).toEqual(refusal);
      expect(ofType(type, ' [1,"é"] ')).toMatchObject({ accepted: 1 });
    }
    expect(ofType('application/json', ' ')).toMatchObject({ refused: 'malformed' });
    expect(ofType('application/json', '\ufeff1')).toMatchObject({ refused: 'malformed' });
  });

  test('is a level of its event', () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    expect(ofType('application/json', nested(99))).toMatchObject({ accepted: 1 });
    expect(ofType('application/json', nested(100))).toMatchObject({
      refused: 'invalid_events',
      members: { rejected: [{ code: 'too_deep' }] },
    });
  });

  test('that says it is text or JSON must be UTF-8', () => {
    const bytes = Buffer.of(0x61, 0xff);
    for (const type of ['application/json', 'text/plain']) {
      expect(ofType(type, bytes)).toEqual({
        refused: 'invalid_utf8',
        detail: 'body: byte 1: expected UTF-8',
      });
    }
  });

  test('of any other type, or of none, may be any bytes', () => {
    const bytes = Buffer.of(0x7b, 0xff, 0x00);
    expect(ofType('image/png', bytes)).toMatchObject({ accepted: 1 });
    expect(ofType(undefined, bytes)).toMatchObject({ accepted: 1 });
    expect(ofType('text/plain', '{no JSON')).toMatchObject({ accepted: 1 });
  });

  test('is bounded as an event is', () => {
    expect(ofType('a/b', Buffer.alloc(1_000))).toMatchObject({ accepted: 1 });
    expect(ofType('a/b', Buffer.alloc(1_001))).toMatchObject({
      refused: 'too_large',
      detail: 'events[0]: expected at most 1000 bytes, got 1001',
    });
  });
});

function binary(body: string | Buffer, headers: RequestHeaders) {
  const kind = bodyKind(headers);
  if (isRefusal(kind)) throw new Error(kind.detail);
  return parseEvents(Buffer.from(body as string), kind, limits, headers);
}
