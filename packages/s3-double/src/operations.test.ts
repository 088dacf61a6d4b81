import { Agent } from 'node:http';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { Bucket, clientOf, failureOf, startDouble } from './double-client.model.ts';

const hello = Buffer.from('hello');

test.each([
  'tenant=acme/dt=2026-01-31/hour=10/abc-1.ndjson.zst',
  'with space/and+plus/and%20percent/%2F',
  'quotes\'"/and&ampersand/<angle>;=?#',
  "all of +&?#%=@:,$!*'()[]{}|^~`\\",
  'a//b/./c/../d',
  'Gedächtnis/日本/🦦',
  'x'.repeat(1024),
])('keeps the key %s as it is', async (Key) => {
  const { client, double } = await startDouble();
  await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
  expect(double.objects().map(({ key }) => key)).toEqual([Key]);
  const got = await client.send(new GetObjectCommand({ Bucket, Key }));
  expect(await got.Body?.transformToString()).toBe(Key);
  await client.send(new DeleteObjectCommand({ Bucket, Key }));
  expect(double.objects()).toEqual([]);
});

test('keeps what a PUT says of its object', async () => {
  const { client } = await startDouble();
  const said = {
    ContentType: 'application/x-ndjson',
    ContentEncoding: 'zstd',
    CacheControl: 'max-age=5',
    Metadata: { 'content-sha256': 'ab12', codec: 'zstd' },
    StorageClass: 'STANDARD_IA',
    ServerSideEncryption: 'aws:kms',
    SSEKMSKeyId: 'arn:aws:kms:us-east-1:1:key/2',
  } as const;
  await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: hello, ...said }));
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
  expect(head).toMatchObject({ ...said, ContentLength: 5 });
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

test('gives parts of an object, and none that it does not have', async () => {
  const { client } = await startDouble();
  await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'abcdef' }));
  const part = async (Range: string) => {
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'k', Range }));
    return [got.$metadata.httpStatusCode, got.ContentRange, await got.Body?.transformToString()];
  };
  expect(await part('bytes=1-2')).toEqual([206, 'bytes 1-2/6', 'bc']);
  expect(await part('bytes=4-99')).toEqual([206, 'bytes 4-5/6', 'ef']);
  expect(await part('bytes=4-')).toEqual([206, 'bytes 4-5/6', 'ef']);
  expect(await part('bytes=-2')).toEqual([206, 'bytes 4-5/6', 'ef']);
  expect(await failureOf(part('bytes=6-'))).toMatchObject({ name: 'InvalidRange', status: 416 });
});

test('gives an object only to who does not know it yet', async () => {
  const { client } = await startDouble();
  const { ETag } = await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: hello }));
  const get = (condition: { IfNoneMatch?: string | undefined; IfMatch?: string | undefined }) =>
    client.send(new GetObjectCommand({ Bucket, Key: 'k', ...condition }));
  expect(await failureOf(get({ IfNoneMatch: ETag }))).toMatchObject({ status: 304 });
  expect(await failureOf(get({ IfMatch: '"other"' }))).toMatchObject({ status: 412 });
  expect((await get({ IfMatch: ETag, IfNoneMatch: '"other"' })).ContentLength).toBe(5);
});

test('removes what is there and what is not alike', async () => {
  const { client } = await startDouble();
  const gone = await client.send(new DeleteObjectCommand({ Bucket, Key: 'never/was' }));
  expect(gone.$metadata.httpStatusCode).toBe(204);
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
  const metadata = { long: 'x'.repeat(2045) };

  test.each([
    ['NoSuchBucket', 404, put({ Bucket: 'other' })],
    ['KeyTooLongError', 400, put({ Key: `${'x'.repeat(1023)}é` })],
    ['MetadataTooLarge', 400, put({ Metadata: metadata })],
    ['InvalidStorageClass', 400, put({ StorageClass: 'FAST' as 'STANDARD' })],
    ['InvalidArgument', 400, put({ ServerSideEncryption: 'rot13' as 'AES256' })],
    ['InvalidArgument', 400, put({ ServerSideEncryption: 'AES256', SSEKMSKeyId: 'k' })],
    ['NotImplemented', 501, put({ ACL: 'public-read' })],
    ['NotImplemented', 501, put({ Tagging: 'a=b' })],
    ['NotImplemented', 501, put({ IfNoneMatch: '"etag"' })],
    ['NotImplemented', 501, put({ IfMatch: '"etag"' })],
  ])('%s (%i)', async (name, status, command) => {
    const { client, double } = await startDouble();
    expect(await failureOf(client.send(command))).toMatchObject({ name, status });
    expect(double.objects()).toEqual([]);
    expect(double.counts.errors).toEqual({ [name]: 1 });
  });

  test('NoSuchKey and NotFound', async () => {
    const { client } = await startDouble();
    const at = { Bucket, Key: 'k' };
    const got = await failureOf(client.send(new GetObjectCommand(at)));
    expect(got).toMatchObject({ name: 'NoSuchKey', status: 404 });
    const head = await failureOf(client.send(new HeadObjectCommand(at)));
    expect(head).toMatchObject({ name: 'NotFound', status: 404 });
  });

  test('NotImplemented for what it does not know', async () => {
    const { client } = await startDouble();
    const failure = await failureOf(client.send(new ListBucketsCommand({})));
    expect(failure).toMatchObject({ name: 'NotImplemented', status: 501 });
  });

  test('HeadBucket, with the region where there is one', async () => {
    const { client } = await startDouble({ region: 'eu-west-3' });
    expect(await client.send(new HeadBucketCommand({ Bucket }))).toMatchObject({
      BucketRegion: 'eu-west-3',
    });
    const other = await failureOf(client.send(new HeadBucketCommand({ Bucket: 'other' })));
    expect(other).toMatchObject({ name: 'NotFound', status: 404 });
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
