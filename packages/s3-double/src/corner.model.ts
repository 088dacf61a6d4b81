import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Server } from './double-client.model.ts';

/** A server's bucket, of which a test has a part of its own. */
export interface Corner {
  readonly client: S3Client;
  readonly server: Server;
  readonly bucket: string;
  /** Before each of its keys. */
  readonly prefix: string;
}

const hello = Buffer.from('hello');

/** A PUT of `k` in this corner, unless told otherwise. */
export function put(
  { bucket, prefix }: Corner,
  { Key = 'k', ...more }: Partial<PutObjectCommandInput> = {},
): PutObjectCommand {
  return new PutObjectCommand({ Bucket: bucket, Body: hello, ...more, Key: prefix + Key });
}

/** Where a key of this corner is. */
export function at({ bucket, prefix }: Corner, key = 'k'): { Bucket: string; Key: string } {
  return { Bucket: bucket, Key: prefix + key };
}

/** What a key of this corner holds. */
export async function textOf(corner: Corner, key = 'k'): Promise<string | undefined> {
  const got = await corner.client.send(new GetObjectCommand(at(corner, key)));
  return await got.Body?.transformToString();
}

/** All keys of this corner, without its prefix. */
export async function keysOf({ client, bucket, prefix }: Corner): Promise<(string | undefined)[]> {
  const list = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix });
  const { Contents = [] } = await client.send(list);
  return Contents.map(({ Key }) => Key?.slice(prefix.length));
}
