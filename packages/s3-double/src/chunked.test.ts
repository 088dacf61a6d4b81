import { Readable } from 'node:stream';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { ChunkedBody, type ChunkFraming } from './chunked.ts';
import { Bucket, failureOf, startDouble } from './double-client.model.ts';
import type { RequestHead } from './request-head.ts';
import { type Verified, verifySignature } from './sigv4.ts';

const unsigned: ChunkFraming = { isSigned: false, trailers: [] };
const nobody: Verified = { signature: '', date: '', scope: '', sign: () => '' };

/** Reads a framed body that comes in pieces of this size. */
async function read(
  text: string,
  framing: ChunkFraming,
  { verified = nobody, pieceBytes = 7 }: { verified?: Verified; pieceBytes?: number } = {},
) {
  const bytes = Buffer.from(text, 'latin1');
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      yield bytes.subarray(at, at + pieceBytes);
    }
  }
  const body = new ChunkedBody(pieces(), framing, verified);
  let content = '';
  for await (const piece of body.content()) content += piece.toString('latin1');
  return { content, trailers: Object.fromEntries(body.trailers) };
}

describe("the examples of Amazon's documentation", () => {
  const verify = (contentHash: string, signature: string, more: Record<string, string>) => {
    const headers = {
      'content-encoding': 'aws-chunked',
      host: 's3.amazonaws.com',
      'x-amz-content-sha256': contentHash,
      'x-amz-date': '20130524T000000Z',
      'x-amz-decoded-content-length': '66560',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      ...more,
    };
    const names = Object.keys(headers).sort().join(';');
    const authorization = `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=${names},Signature=${signature}`;
    const head: RequestHead = {
      method: 'PUT',
      rawPath: '/examplebucket/chunkObject.txt',
      query: new Map(),
      headers: new Map(Object.entries({ ...headers, authorization })),
      bucket: 'examplebucket',
      key: 'chunkObject.txt',
    };
    const credentials = [
      {
        accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
        secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
      },
    ];
    const nowMs = Date.UTC(2013, 4, 24);
    return verifySignature(head, { credentials, region: 'us-east-1', nowMs });
  };
  const whole = 'a'.repeat(66_560);
  const chunk = (bytes: number, signature: string) =>
    `${bytes.toString(16)};chunk-signature=${signature}\r\n${'a'.repeat(bytes)}`;

  test('chunks that are signed', async () => {
    const verified = verify(
      'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
      { 'content-length': '66824' },
    );
    const framing = { isSigned: true, trailers: [] };
    const first = 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648';
    const second = '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497';
    const last = 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9';
    const parts = [chunk(65_536, first), chunk(1024, second), chunk(0, last), ''];
    const text = parts.join('\r\n');
    expect(text.length).toBe(66_824);
    for (const pieceBytes of [1000, 70_000]) {
      const { content } = await read(text, framing, { verified, pieceBytes });
      expect(content).toBe(whole);
    }
    for (const [was, is] of [
      [last, last.replace('b6', 'b7')],
      ['a\r\n400', 'b\r\n400'],
    ] as const) {
      const failed = read(text.replace(was, is), framing, { verified, pieceBytes: 1000 });
      await expect(failed).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
    }
  });

  test('chunks and trailers that are signed', async () => {
    const verified = verify(
      'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
      '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
      { 'x-amz-trailer': 'x-amz-checksum-crc32c' },
    );
    const framing = { isSigned: true, trailers: ['x-amz-checksum-crc32c'] };
    const trailerSignature = 'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435';
    const text = [
      chunk(65_536, 'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2'),
      chunk(1024, '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7'),
      chunk(0, '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992').trim(),
      'x-amz-checksum-crc32c:sOO8/Q==',
      `x-amz-trailer-signature:${trailerSignature}`,
      '',
      '',
    ].join('\r\n');
    const { content, trailers } = await read(text, framing, { verified, pieceBytes: 1000 });
    expect(content).toBe(whole);
    expect(trailers).toEqual({ 'x-amz-checksum-crc32c': 'sOO8/Q==' });
    const changed = read(text.replace('sOO8', 'sOO9'), framing, { verified, pieceBytes: 1000 });
    await expect(changed).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
    const line = `x-amz-trailer-signature:${trailerSignature}\r\n`;
    const bare = read(text.replace(line, ''), framing, { verified, pieceBytes: 1000 });
    await expect(bare).rejects.toMatchObject({ code: 'MalformedTrailerError' });
  });
});

describe('framing', () => {
  const trailing = { isSigned: false, trailers: ['x-amz-checksum-crc32'] };
  const large = 'x'.repeat(8192);

  test.each([1, 2, 3, 10_000])('is taken off, in pieces of %i bytes', async (pieceBytes) => {
    const text = `2000\r\n${large}\r\n5\r\n\r\n\r\n0\r\n0\r\nX-Amz-Checksum-CRC32: abc=\r\n\r\n`;
    expect(await read(text, trailing, { pieceBytes })).toEqual({
      content: `${large}\r\n\r\n0`,
      trailers: { 'x-amz-checksum-crc32': 'abc=' },
    });
  });

  test.each([
    ['nothing', '', 'IncompleteBody'],
    ['a size that is none', 'g\r\nx\r\n0\r\n\r\n', 'IncompleteBody'],
    ['a size without an end', '5', 'IncompleteBody'],
    ['a line without an end', '0'.repeat(2000), 'IncompleteBody'],
    ['an end too early', '5\r\nabc', 'IncompleteBody'],
    ['no last chunk', '5\r\nabcde\r\n', 'IncompleteBody'],
    ['a chunk that is longer than it says', '2\r\nabc\r\n0\r\n\r\n', 'IncompleteBody'],
    [
      'a signature where none belongs',
      `0;chunk-signature=${'a'.repeat(64)}\r\n\r\n`,
      'IncompleteBody',
    ],
    ['more after the end', '1\r\na\r\n0\r\n\r\nmore', 'IncompleteBody'],
    ['small chunks before others', '1\r\na\r\n1\r\nb\r\n0\r\n\r\n', 'InvalidChunkSizeError'],
    [
      'a trailer that was not announced',
      '0\r\nx-amz-checksum-crc32:a\r\n\r\n',
      'MalformedTrailerError',
    ],
    ['no empty line', '0\r\n', 'MalformedTrailerError'],
  ])('refuses %s', async (_, text, code) => {
    await expect(read(text, unsigned)).rejects.toMatchObject({ code });
  });

  test.each([
    ['none', '0\r\n\r\n'],
    ['another', '0\r\nx-amz-checksum-crc32c:a\r\n\r\n'],
    ['one without a name', '0\r\nx-amz-checksum-crc32:a\r\n:b\r\n\r\n'],
    ['too many', `0\r\n${'x-amz-checksum-crc32:a\r\n'.repeat(17)}\r\n`],
  ])('where a trailer was announced, refuses %s', async (_, text) => {
    await expect(read(text, trailing)).rejects.toMatchObject({ code: 'MalformedTrailerError' });
  });
});

describe('streams of the SDK', () => {
  const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i * 31));
  const stream = (pieceBytes: number) => {
    const pieces = Array.from({ length: Math.ceil(content.length / pieceBytes) }, (_, i) =>
      content.subarray(i * pieceBytes, (i + 1) * pieceBytes),
    );
    return Readable.from(pieces);
  };
  const put = (pieceBytes: number, ContentLength = content.length) =>
    new PutObjectCommand({
      Bucket,
      Key: 'k',
      Body: stream(pieceBytes),
      ContentLength,
      ContentEncoding: 'zstd',
    });

  test('come out as they went in, and leave no trace of the framing', async () => {
    const { client, double } = await startDouble();
    await client.send(put(64_000));
    const [object] = double.objects();
    expect(object?.bytes.equals(content)).toBe(true);
    expect(object?.headers['content-encoding']).toBe('zstd');
    expect(object?.checksum.header).toBe('x-amz-checksum-crc32');
  });

  test('in chunks that are too small are refused, as S3 does', async () => {
    const { client, double } = await startDouble();
    const failure = await failureOf(client.send(put(1000)));
    expect(failure).toMatchObject({ name: 'InvalidChunkSizeError', status: 403 });
    expect(double.objects()).toEqual([]);
  });
});
