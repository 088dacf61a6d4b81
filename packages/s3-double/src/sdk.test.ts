import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { startS3Double } from './server.ts';

test('takes an object from the SDK and gives it back', async () => {
  await using double = await startS3Double();
  const { endpoint, region, credentials } = double;
  const [known] = credentials;
  if (known === undefined) throw new Error('it knows nobody');
  const client = new S3Client({ endpoint, region, credentials: known, forcePathStyle: true });
  const at = { Bucket: 'weir', Key: "a=b/c d+e&f?g#h%i/ü日本(1)'!*" };
  await client.send(new PutObjectCommand({ ...at, Body: Buffer.from('hello'), IfNoneMatch: '*' }));
  const got = await client.send(new GetObjectCommand(at));
  expect(await got.Body?.transformToString()).toBe('hello');
});
