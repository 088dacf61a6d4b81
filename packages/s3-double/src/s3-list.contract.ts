import {
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import type { Corner } from './corner.model.ts';
import { failureOf } from './double-client.model.ts';

type Query = Omit<ListObjectsV2CommandInput, 'Bucket'>;

const keys = ['a-b', 'a/1', 'a/2', 'a/b/3', 'a0', 'b/1', 'b/c/2', 'ü', '🦦', '\uffee'];

/** What ListObjectsV2 does. */
export function listContract(open: () => Corner): void {
  test('lists in the byte order of keys', async () => {
    const corner = await filled(open());
    const inOrder = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(await pagesOf(corner, {})).toEqual([inOrder]);
    expect(inOrder.slice(-2)).toEqual(['\uffee', '🦦']);
  });

  test.each([
    [{ Prefix: 'a/' }, [['a/1', 'a/2', 'a/b/3']]],
    [{ Prefix: 'a/', Delimiter: '/' }, [['<a/b/>', 'a/1', 'a/2']]],
    [{ Delimiter: '/' }, [['<a/>', '<b/>', 'a-b', 'a0', 'ü', '\uffee', '🦦']]],
    [{ Delimiter: '/', MaxKeys: 2 }, [['<a/>', 'a-b'], ['<b/>', 'a0'], ['ü', '\uffee'], ['🦦']]],
    [{ Prefix: 'b', MaxKeys: 1 }, [['b/1'], ['b/c/2']]],
    [{ Prefix: 'b', MaxKeys: 2 }, [['b/1', 'b/c/2']]],
    [{ Prefix: 'a', StartAfter: 'a/2' }, [['a/b/3', 'a0']]],
    [{ Prefix: 'a', StartAfter: 'a/1', MaxKeys: 2 }, [['a/2', 'a/b/3'], ['a0']]],
    [{ Prefix: 'a', StartAfter: 'a/1', Delimiter: '/' }, [['a0']]],
    [{ Prefix: 'nothing' }, [[]]],
    [{ MaxKeys: 0 }, [[]]],
  ])('lists %j', async (query, pages) => {
    expect(await pagesOf(await filled(open()), query)).toEqual(pages);
  });

  test('tells the size and the time of each object', async () => {
    const { client, bucket, prefix } = await filled(open());
    const query = { Bucket: bucket, Prefix: `${prefix}a/1` };
    const { Contents: [object] = [] } = await client.send(new ListObjectsV2Command(query));
    expect(object).toMatchObject({ Size: 3, ETag: expect.stringMatching(/^"[0-9a-f]{32}"$/) });
    expect(Math.abs(Date.now() - (object?.LastModified?.getTime() ?? 0))).toBeLessThan(600_000);
  });

  test('refuses a number of keys that is none', async () => {
    const { client, bucket } = open();
    const failure = await failureOf(
      client.send(new ListObjectsV2Command({ Bucket: bucket, MaxKeys: -1 })),
    );
    expect(failure).toMatchObject({ name: 'InvalidArgument', status: 400 });
  });
}

async function filled(corner: Corner): Promise<Corner> {
  const { client, bucket, prefix } = corner;
  const put = (key: string) =>
    client.send(new PutObjectCommand({ Bucket: bucket, Key: prefix + key, Body: key }));
  await Promise.all(keys.map(put));
  return corner;
}

/** What the pages of a listing hold, without the corner's own prefix; common prefixes in brackets. */
async function pagesOf({ client, bucket, prefix }: Corner, query: Query): Promise<string[][]> {
  const pages: string[][] = [];
  const own = (key = '') => key.slice(prefix.length);
  const input: ListObjectsV2CommandInput = {
    Bucket: bucket,
    ...query,
    Prefix: prefix + (query.Prefix ?? ''),
    ...(query.StartAfter === undefined ? {} : { StartAfter: prefix + query.StartAfter }),
  };
  for (let token: string | undefined = ''; token !== undefined; ) {
    const more: Query = token === '' ? {} : { ContinuationToken: token };
    const command = new ListObjectsV2Command({ ...input, ...more });
    const page: ListObjectsV2CommandOutput = await client.send(command);
    const { Contents = [], CommonPrefixes = [], KeyCount, IsTruncated } = page;
    const prefixes = CommonPrefixes.map(({ Prefix }) => `<${own(Prefix)}>`);
    pages.push([...prefixes, ...Contents.map(({ Key }) => own(Key))]);
    expect(KeyCount).toBe(pages.at(-1)?.length);
    token = page.NextContinuationToken;
    expect(IsTruncated).toBe(token !== undefined);
  }
  return pages.filter((page, i) => i === 0 || page.length > 0); // the last may turn out to be empty
}
