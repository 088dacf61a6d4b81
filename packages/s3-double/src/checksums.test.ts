import { PutObjectCommand, type PutObjectCommandInput, type S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
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

test('an object without a checksum gets one of S3', async () => {
  const { client } = await startDouble();
  unchecked(client);
  const { ChecksumCRC64NVME } = await client.send(put({}));
  expect(ChecksumCRC64NVME).toBe(Buffer.from('ae8b14860a799888', 'hex').toString('base64'));
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
