import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { at, type Corner, keysOf, put, textOf } from './corner.model.ts';
import { failureOf } from './double-client.model.ts';

/** What becomes of one object. */
export function objectContract(open: () => Corner): void {
  test.each([
    'tenant=acme/dt=2026-01-31/hour=10/abc-1.ndjson.zst',
    'with space/and+plus/and%20percent/%2F',
    'quotes\'"/and&ampersand/<angle>;=?#',
    "all of +&?#%=@:,$!*'()[]{}|^~`\\",
    'Gedächtnis/日本/🦦',
    `${'x'.repeat(250)}/`.repeat(3).slice(0, -1),
  ])('keeps the key %s as it is', async (Key) => {
    const corner = open();
    await corner.client.send(put(corner, { Key, Body: Key }));
    expect(await keysOf(corner)).toEqual([Key]);
    expect(await textOf(corner, Key)).toBe(Key);
    await corner.client.send(new DeleteObjectCommand(at(corner, Key)));
    expect(await keysOf(corner)).toEqual([]);
  });

  test('keeps what a PUT says of its object', async () => {
    const corner = open();
    const said = {
      ContentType: 'application/x-ndjson',
      ContentEncoding: 'zstd',
      CacheControl: 'max-age=5',
      Metadata: { 'weir-sha256': 'ab12', codec: 'zstd' },
    };
    const { ETag } = await corner.client.send(put(corner, said));
    const head = await corner.client.send(new HeadObjectCommand(at(corner)));
    expect(head).toMatchObject({ ...said, ContentLength: 5, ETag });
  });

  test('gives parts of an object, and none that it does not have', async () => {
    const corner = open();
    await corner.client.send(put(corner, { Body: 'abcdef' }));
    const part = async (Range: string) => {
      const got = await corner.client.send(new GetObjectCommand({ ...at(corner), Range }));
      return [got.$metadata.httpStatusCode, got.ContentRange, await got.Body?.transformToString()];
    };
    expect(await part('bytes=1-2')).toEqual([206, 'bytes 1-2/6', 'bc']);
    expect(await part('bytes=4-99')).toEqual([206, 'bytes 4-5/6', 'ef']);
    expect(await part('bytes=4-')).toEqual([206, 'bytes 4-5/6', 'ef']);
    expect(await part('bytes=-2')).toEqual([206, 'bytes 4-5/6', 'ef']);
    expect(await failureOf(part('bytes=6-'))).toMatchObject({ name: 'InvalidRange', status: 416 });
  });

  test('gives an object only to who does not know it yet', async () => {
    const corner = open();
    const { ETag } = await corner.client.send(put(corner));
    const get = (condition: { IfNoneMatch?: string | undefined; IfMatch?: string | undefined }) =>
      corner.client.send(new GetObjectCommand({ ...at(corner), ...condition }));
    expect(await failureOf(get({ IfNoneMatch: ETag }))).toMatchObject({ status: 304 });
    expect(await failureOf(get({ IfMatch: '"other"' }))).toMatchObject({ status: 412 });
    expect((await get({ IfMatch: ETag, IfNoneMatch: '"other"' })).ContentLength).toBe(5);
  });

  test('removes what is not there with a 204, too', async () => {
    const corner = open();
    const gone = await corner.client.send(new DeleteObjectCommand(at(corner, 'never/was')));
    expect(gone.$metadata.httpStatusCode).toBe(204);
  });

  test('knows its bucket', async () => {
    const { client, bucket, server } = open();
    const found = await client.send(new HeadBucketCommand({ Bucket: bucket }));
    expect(found).toMatchObject({ BucketRegion: server.region });
  });
}
