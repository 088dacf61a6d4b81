import { Agent } from 'node:http';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { Bucket, clientOf, failureOf, startDouble } from './double-client.model.ts';

const hello = Buffer.from('hello');

test.each(['a//b/./c/../d', 'x'.repeat(1024), 'a', 'a/b', 'a/b/'])(
  'keeps the key %s, whatever file systems think of it',
  async (Key) => {
    const { client, double } = await startDouble();
    await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
    expect(double.objects().map(({ key }) => key)).toEqual([Key]);
    const got = await client.send(new GetObjectCommand({ Bucket, Key }));
    expect(await got.Body?.transformToString()).toBe(Key);
  },
);

test('keeps how an object was to be stored and encrypted', async () => {
  const { client } = await startDouble();
  const said = {
    StorageClass: 'STANDARD_IA',
    ServerSideEncryption: 'aws:kms',
    SSEKMSKeyId: 'arn:aws:kms:us-east-1:1:key/2',
  } as const;
  await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: hello, ...said }));
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
  expect(head).toMatchObject(said);
});

test('says which encryption and ETag an object got, and under KMS that is not its MD5', async () => {
  const { client } = await startDouble();
  const put = (more: Partial<PutObjectCommandInput>) =>
    client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: hello, ...more }));
  const md5 = '"5d41402abc4b2a76b9719d911017c592"';
  expect(await put({})).toMatchObject({ ETag: md5, ServerSideEncryption: 'AES256' });
  const kms = await put({ ServerSideEncryption: 'aws:kms' });
  expect(kms.ServerSideEncryption).toBe('aws:kms');
  expect(kms.ETag).not.toBe(md5);
});

test('finds the bucket in the host, too', async () => {
  const { double } = await startDouble();
  const httpAgent = new Agent({
    // The name may not be known to the machine.
    lookup: (_host, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
  });
  const endpoint = `http://s3.localhost:${double.port}`;
  const client = clientOf(double, {
    endpoint,
    forcePathStyle: false,
    requestHandler: { httpAgent },
  });
  await client.send(new PutObjectCommand({ Bucket, Key: 'a/b', Body: hello }));
  expect(double.objects().map(({ key }) => key)).toEqual(['a/b']);
  const elsewhere = client.send(new PutObjectCommand({ Bucket: 'other', Key: 'a', Body: hello }));
  expect(await failureOf(elsewhere)).toMatchObject({ name: 'NoSuchBucket' });
});

describe('refuses by name', () => {
  const put = (more: Partial<PutObjectCommandInput>) =>
    new PutObjectCommand({ Bucket, Key: 'k', Body: hello, ...more });
  test.each([
    ['KeyTooLongError', 400, put({ Key: `${'x'.repeat(1023)}é` })],
    ['InvalidStorageClass', 400, put({ StorageClass: 'FAST' as 'STANDARD' })],
    ['InvalidArgument', 400, put({ ServerSideEncryption: 'rot13' as 'AES256' })],
    ['InvalidArgument', 400, put({ ServerSideEncryption: 'AES256', SSEKMSKeyId: 'k' })],
    ['NotImplemented', 501, put({ ACL: 'public-read' })],
    ['NotImplemented', 501, put({ Tagging: 'a=b' })],
    ['NotImplemented', 501, put({ IfMatch: '"etag"' })],
  ])('%s (%i)', async (name, status, command) => {
    const { client, double } = await startDouble();
    expect(await failureOf(client.send(command))).toMatchObject({ name, status });
    expect(double.objects()).toEqual([]);
    expect(double.counts.errors).toEqual({ [name]: 1 });
  });

  test('NotImplemented for what it does not know', async () => {
    const { client } = await startDouble();
    const failure = await failureOf(client.send(new ListBucketsCommand({})));
    expect(failure).toMatchObject({ name: 'NotImplemented', status: 501 });
  });
});

test('refuses what the policy forbids, and tells nobody there what is missing', async () => {
  const { client, double } = await startDouble();
  double.faults.denied = [{ prefix: 'tenant=a/', kinds: ['put', 'list'] }];
  const put = (Key: string) => client.send(new PutObjectCommand({ Bucket, Key, Body: hello }));
  const denied = { name: 'AccessDenied', status: 403 };
  expect(await failureOf(put('tenant=a/k'))).toMatchObject(denied);
  const get = client.send(new GetObjectCommand({ Bucket, Key: 'tenant=a/k' }));
  expect(await failureOf(get)).toMatchObject(denied);
  await put('tenant=b/k');
  double.faults.denied = [];
  await put('tenant=a/k');
  expect(double.objects()).toHaveLength(2);
});

test('holds no more than it may', async () => {
  const { client, double } = await startDouble({ maxBytes: 8 });
  const put = (Key: string) => client.send(new PutObjectCommand({ Bucket, Key, Body: hello }));
  await put('a');
  await put('a');
  expect(await failureOf(put('b'))).toMatchObject({ name: 'InternalError', status: 500 });
  expect(double.counts).toMatchObject({ commits: 2, replaced: 1, committedBytes: 10 });
});
