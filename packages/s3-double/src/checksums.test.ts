import { createHash } from 'node:crypto';
import {
  type ChecksumAlgorithm,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { crc32, crc32c, crc64Nvme } from './crc.ts';
import { Bucket, failureOf, startDouble } from './double-client.model.ts';

const content = Buffer.from('123456789');
const put = (more: Partial<PutObjectCommandInput>) =>
  new PutObjectCommand({ Bucket, Key: 'k', Body: content, ...more });

test.each([
  ['CRC-32', crc32, 'cbf43926'],
  ['CRC-32C', crc32c, 'e3069283'],
  ['CRC-64/NVME', crc64Nvme, 'ae8b14860a799888'],
])('%s has the check value of its specification, in one piece and in two', (_, make, hex) => {
  const [whole, halves] = [make(), make()];
  whole.update(content);
  halves.update(content.subarray(0, 4));
  halves.update(content.subarray(4));
  expect(whole.digest().toString('hex')).toBe(hex);
  expect(halves.digest().toString('hex')).toBe(hex);
});

describe.each([
  ['CRC32', 'cbf43926'],
  ['CRC32C', 'e3069283'],
  ['CRC64NVME', 'ae8b14860a799888'],
  ['SHA1', createHash('sha1').update(content).digest('hex')],
  ['SHA256', createHash('sha256').update(content).digest('hex')],
] as const)('%s', (algorithm, hex) => {
  const value = Buffer.from(hex, 'hex').toString('base64');
  const member = `Checksum${algorithm}` as const;

  test('made by the SDK is right, is kept and is shown', async () => {
    const { client } = await startDouble();
    const ChecksumAlgorithm: ChecksumAlgorithm = algorithm;
    expect(await client.send(put({ ChecksumAlgorithm }))).toMatchObject({ [member]: value });
    const at = { Bucket, Key: 'k' } as const;
    const head = await client.send(new HeadObjectCommand({ ...at, ChecksumMode: 'ENABLED' }));
    expect(head).toMatchObject({ [member]: value });
    const got = await client.send(new GetObjectCommand(at));
    expect(await got.Body?.transformToString()).toBe('123456789');
  });

  test('of another content is refused', async () => {
    const { client, double } = await startDouble();
    const other = Buffer.from(hex, 'hex').reverse().toString('base64');
    const failure = await failureOf(client.send(put({ [member]: other })));
    expect(failure).toMatchObject({ name: 'BadDigest', status: 400 });
    expect(failure.message).toContain(algorithm);
    const short = await failureOf(client.send(put({ [member]: 'abcd' })));
    expect(short).toMatchObject({ name: 'InvalidRequest', status: 400 });
    expect(double.objects()).toEqual([]);
  });
});

test('an object without a checksum gets one of S3', async () => {
  const { client } = await startDouble();
  unchecked(client);
  const { ChecksumCRC64NVME } = await client.send(put({}));
  expect(ChecksumCRC64NVME).toBe(Buffer.from('ae8b14860a799888', 'hex').toString('base64'));
});

test('two checksums are one too many', async () => {
  const { client } = await startDouble();
  const failure = await failureOf(
    client.send(put({ ChecksumCRC32: 'AAAAAA==', ChecksumSHA1: 'a' })),
  );
  expect(failure).toMatchObject({
    name: 'InvalidRequest',
    message: expect.stringContaining('single x-amz-checksum'),
  });
});

test('the MD5 of the content is compared, too', async () => {
  const { client, double } = await startDouble();
  const md5 = (text: string) => createHash('md5').update(text).digest('base64');
  const other = await failureOf(client.send(put({ ContentMD5: md5('other') })));
  expect(other).toMatchObject({
    name: 'BadDigest',
    message: expect.stringContaining('Content-MD5'),
  });
  const short = await failureOf(client.send(put({ ContentMD5: 'abcd' })));
  expect(short).toMatchObject({ name: 'InvalidDigest' });
  expect(double.objects()).toEqual([]);
  await client.send(put({ ContentMD5: md5('123456789') }));
});

test('a body that was changed after it was signed is refused', async () => {
  const { client, double } = await startDouble();
  unchecked(client);
  client.middlewareStack.add(
    (next) => (args) => {
      Object.assign(args.request as object, { body: Buffer.from('987654321') });
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
  const failure = await failureOf(client.send(put({})));
  expect(failure).toMatchObject({ name: 'XAmzContentSHA256Mismatch', status: 400 });
  expect(double.objects()).toEqual([]);
});

/** Takes the checksum that the SDK makes by itself off each request. */
function unchecked(client: S3Client): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      for (const name of ['x-amz-checksum-crc32', 'x-amz-sdk-checksum-algorithm']) {
        delete headers[name];
      }
      return next(args);
    },
    { step: 'build', priority: 'low' },
  );
}
