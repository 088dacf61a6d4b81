import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { planBody, receiveBody } from './receive-body.ts';
import type { RequestHead } from './request-head.ts';

const sha256 = createHash('sha256').update('hello').digest('hex');
const nobody = { signature: '', date: '', scope: '', sign: () => '' };

const head = (headers: Record<string, string>): RequestHead => ({
  method: 'PUT',
  rawPath: '/weir/k',
  query: new Map(),
  headers: new Map(Object.entries(headers)),
  bucket: 'weir',
  key: 'k',
});

async function receive(headers: Record<string, string>, text: string) {
  async function* source() {
    for (const character of text) yield Buffer.from(character);
  }
  const { bytes } = await receiveBody(source(), planBody(head(headers)), head(headers), nobody);
  return bytes.toString();
}

const trailing = {
  'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'x-amz-trailer': 'x-amz-checksum-crc32',
};
const trailed = '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n';

test('takes a body whose hash was signed, one without, and one in chunks of any length', async () => {
  const signed = { 'x-amz-content-sha256': sha256, 'content-length': '5' };
  expect(await receive(signed, 'hello')).toBe('hello');
  const unsigned = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', 'content-length': '5' };
  expect(await receive(unsigned, 'world')).toBe('world');
  const decoded = { ...trailing, 'x-amz-decoded-content-length': '5' };
  expect(await receive({ ...decoded, 'content-length': '50' }, trailed)).toBe('hello');
  expect(await receive({ ...decoded, 'transfer-encoding': 'chunked' }, trailed)).toBe('hello');
});

test.each([
  ['hallo', 'XAmzContentSHA256Mismatch'],
  ['hell', 'IncompleteBody'],
  ['hello!', 'IncompleteBody'],
])('refuses %s where hello was announced: %s', async (text, code) => {
  const announced = { 'x-amz-content-sha256': sha256, 'content-length': '5' };
  await expect(receive(announced, text)).rejects.toMatchObject({ code });
});

test('compares a checksum that comes after the body', async () => {
  const length = { 'content-length': '50', 'x-amz-decoded-content-length': '5' };
  const wrong = receive({ ...trailing, ...length }, trailed.replace('NhCmhg', 'AhCmhg'));
  await expect(wrong).rejects.toMatchObject({ code: 'BadDigest' });
});

test.each([
  ['no length', { 'x-amz-content-sha256': sha256 }, 'MissingContentLength'],
  [
    'chunks of HTTP alone',
    { 'x-amz-content-sha256': sha256, 'transfer-encoding': 'chunked' },
    'NotImplemented',
  ],
  [
    'chunks without the length of what is in them',
    { ...trailing, 'content-length': '50' },
    'MissingContentLength',
  ],
  [
    'chunks that end nowhere',
    { ...trailing, 'x-amz-decoded-content-length': '5' },
    'MissingContentLength',
  ],
  [
    'a length that is none',
    { 'x-amz-content-sha256': sha256, 'content-length': '5x' },
    'InvalidArgument',
  ],
  [
    'a hash that is none',
    { 'x-amz-content-sha256': 'abc', 'content-length': '5' },
    'InvalidArgument',
  ],
  [
    'more than 5 GiB',
    { 'x-amz-content-sha256': sha256, 'content-length': '5368709121' },
    'EntityTooLarge',
  ],
  [
    'trailers that are announced once only',
    {
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'content-length': '50',
      'x-amz-decoded-content-length': '5',
    },
    'InvalidRequest',
  ],
])('reads no body with %s', (_, headers, code) => {
  expect(() => planBody(head(headers))).toThrow(expect.objectContaining({ code }));
});
