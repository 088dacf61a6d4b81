import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bodyKind, dataForm } from './content-type.ts';

describe('a body is read by its Content-Type', () => {
  test.each([
    ['application/json', 'json'],
    ['application/x-ndjson', 'ndjson'],
    ['application/ndjson', 'ndjson'],
    ['application/jsonl', 'ndjson'],
    ['application/cloudevents+json', 'cloudevent'],
    ['application/cloudevents-batch+json', 'cloudevents'],
    ['Application/JSON', 'json'],
    [' application/json ', 'json'],
    ['application/json;charset=utf-8', 'json'],
    ['application/json; charset=UTF-8', 'json'],
    ['application/json; charset="utf8"', 'json'],
    ['application/x-ndjson ; charset=Utf-8 ; x=y', 'ndjson'],
    ['application/json; note=";charset=latin1"', 'json'],
    ['application/json;', 'json'],
  ])('%s', (contentType, form) => {
    expect(bodyKind({ 'content-type': contentType })).toEqual({ form });
  });
});

describe('what is not accepted is told what is', () => {
  test.each([
    'text/csv',
    'application/x-www-form-urlencoded',
    'application/problem+json',
    'application/jsonx',
    'application/json, application/json',
    'json',
    '',
    '__proto__',
    'constructor',
  ])('%s', (contentType) => {
    expect(bodyKind({ 'content-type': contentType })).toMatchObject({
      refused: 'unsupported_media_type',
      detail: `Content-Type "${contentType}": expected one of application/json, application/x-ndjson, application/cloudevents+json, application/cloudevents-batch+json`,
    });
  });

  test('no Content-Type at all', () => {
    expect(bodyKind({})).toMatchObject({
      refused: 'unsupported_media_type',
      detail: expect.stringMatching(/^no Content-Type: expected one of application\/json, /),
    });
  });

  test('a long one is cut short', () => {
    const { detail } = bodyKind({ 'content-type': `text/${'x'.repeat(500)}` }) as {
      detail: string;
    };
    expect(detail).toContain('x'.repeat(35));
    expect(detail).not.toContain('x'.repeat(36));
  });
});

test.each([
  ['application/json; charset=iso-8859-1', 'iso-8859-1'],
  ['application/x-ndjson; charset="UTF-16"', 'UTF-16'],
  ['application/json; charset', ''],
  ['application/json; charset=utf-8; charset=latin1', 'latin1'],
])('text is UTF-8 and nothing else: %s', (contentType, charset) => {
  expect(bodyKind({ 'content-type': contentType })).toMatchObject({
    refused: 'unsupported_media_type',
    detail: `Content-Type: expected charset=utf-8, got "${charset}"`,
  });
});

describe('attributes in headers make a body the data of one event', () => {
  test.each(['ce-type', 'ce-specversion'])('%s says so', (name) => {
    const headers = { 'content-type': 'application/json', [name]: 'x' };
    expect(bodyKind(headers)).toEqual({ form: 'binary', contentType: 'application/json' });
  });

  test('with any content type, and its parameters as they were sent', () => {
    for (const contentType of ['image/png', 'Text/Plain; charset=utf-8', 'a/b; charset=latin1']) {
      const headers = { 'content-type': contentType, 'ce-type': 'x' };
      expect(bodyKind(headers)).toEqual({ form: 'binary', contentType });
    }
  });

  test('without any', () => {
    expect(bodyKind({ 'ce-type': 'x' })).toEqual({ form: 'binary' });
  });

  test('but not where the content type is of CloudEvents itself', () => {
    const headers = { 'content-type': 'application/cloudevents+json', 'ce-type': 'x' };
    expect(bodyKind(headers)).toEqual({ form: 'cloudevent' });
  });

  test('text in another charset is refused, and so is what is no media type', () => {
    const refusedFor = (contentType: string) =>
      bodyKind({ 'content-type': contentType, 'ce-type': 'x' });
    expect(refusedFor('text/plain; charset=latin1')).toHaveProperty('refused');
    expect(refusedFor('a/b+json; charset=latin1')).toHaveProperty('refused');
    expect(refusedFor('plain')).toHaveProperty('refused');
  });
});

test.each([
  ['application/json', 'json'],
  ['text/json; charset=utf-8', 'json'],
  ['application/vnd.acme.order+json', 'json'],
  ['Application/GEO+JSON ; x=y', 'json'],
  ['text/plain', 'text'],
  ['TEXT/html; charset=utf-8', 'text'],
  ['application/octet-stream', 'bytes'],
  ['application/jsonl', 'bytes'],
  ['image/png; note=+json', 'bytes'],
  [undefined, 'bytes'],
])('data of type %s is stored as %s', (contentType, form) => {
  expect(dataForm(contentType)).toBe(form);
});

test('any header at all is a kind or a refusal', () => {
  fc.assert(
    fc.property(fc.string(), fc.boolean(), (contentType, isBinary) => {
      const kind = bodyKind({
        'content-type': contentType,
        'ce-type': isBinary ? 'x' : undefined,
      });
      return 'form' in kind || kind.refused === 'unsupported_media_type';
    }),
  );
});
