import {
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { Bucket, failureOf, startDouble } from './double-client.model.ts';
import { listPage } from './list.ts';
import { type DoubleObject, Objects } from './objects.ts';

const object = (key: string): DoubleObject => ({
  key,
  bytes: Buffer.from(key),
  etag: '"e"',
  metadata: {},
  headers: {},
  checksum: { header: 'x-amz-checksum-crc32', value: 'AAAAAA==' },
  modifiedMs: Date.UTC(2026, 0, 31, 10),
});

function sorted(keys: readonly string[]): readonly DoubleObject[] {
  const objects = new Objects(1_000_000);
  for (const key of keys) objects.put(object(key));
  return objects.sorted();
}

/** All names that the pages of a listing hold, page by page; common prefixes in angle brackets. */
function pagesOf(keys: readonly string[], query: Readonly<Record<string, string>>): string[][] {
  const pages: string[][] = [];
  for (let token: string | undefined = ''; token !== undefined; ) {
    const more = token === '' ? {} : { 'continuation-token': token };
    const xml = listPage(Bucket, new Map(Object.entries({ ...query, ...more })), sorted(keys));
    const names = [...xml.matchAll(/<Key>(.*?)<\/Key>|<CommonPrefixes><Prefix>(.*?)</g)];
    pages.push(names.map(([, key, prefix]) => key ?? `<${prefix}>`));
    token = /<NextContinuationToken>(.*?)</.exec(xml)?.[1];
    expect(xml).toContain(`<IsTruncated>${token !== undefined}<`);
    expect(xml).toContain(`<KeyCount>${names.length}<`);
  }
  return pages;
}

const keys = ['a', 'a-b', 'a/1', 'a/2', 'a/b/3', 'a0', 'b/1', 'b/c/2', 'ü', '🦦', '\uffee'];

test('lists in the byte order of keys', () => {
  const inOrder = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect(pagesOf(keys.toReversed(), {})).toEqual([inOrder]);
  expect(inOrder.slice(-2)).toEqual(['\uffee', '🦦']);
});

test.each([
  [{ prefix: 'a/' }, [['a/1', 'a/2', 'a/b/3']]],
  [{ prefix: 'a/', delimiter: '/' }, [['a/1', 'a/2', '<a/b/>']]],
  [{ delimiter: '/' }, [['a', 'a-b', '<a/>', 'a0', '<b/>', 'ü', '\uffee', '🦦']]],
  [
    { delimiter: '/', 'max-keys': '3' },
    [
      ['a', 'a-b', '<a/>'],
      ['a0', '<b/>', 'ü'],
      ['\uffee', '🦦'],
    ],
  ],
  [{ prefix: 'b', 'max-keys': '1' }, [['b/1'], ['b/c/2']]],
  [{ prefix: 'b', 'max-keys': '2' }, [['b/1', 'b/c/2']]],
  [{ prefix: 'a', 'start-after': 'a/2' }, [['a/b/3', 'a0']]],
  [{ prefix: 'a', 'start-after': 'a/1', 'max-keys': '2' }, [['a/2', 'a/b/3'], ['a0']]],
  [{ prefix: 'a', delimiter: '/', 'start-after': 'a/1' }, [['a0']]],
  [{ delimiter: '/', 'start-after': 'a/' }, [['a0', '<b/>', 'ü', '\uffee', '🦦']]],
  [{ prefix: 'nothing' }, [[]]],
  [{ 'max-keys': '0' }, [[]]],
])('lists %j', (query, pages) => {
  expect(pagesOf(keys, query)).toEqual(pages);
});

test('a page holds at most a thousand', () => {
  const many = Array.from({ length: 2100 }, (_, i) => `${10_000 + i}`);
  const pages = pagesOf(many, { 'max-keys': '5000' });
  expect(pages.map((page) => page.length)).toEqual([1000, 1000, 100]);
  expect(pages.flat()).toEqual(many);
});

test('what was put and removed between two pages does no harm', async () => {
  const first = listPage(Bucket, new Map([['max-keys', '2']]), sorted(['a', 'b', 'c', 'd']));
  const token = /<NextContinuationToken>(.*?)</.exec(first)?.[1] ?? '';
  const next = listPage(Bucket, new Map([['continuation-token', token]]), sorted(['a', 'a1', 'd']));
  expect([...next.matchAll(/<Key>(.*?)</g)].map(([, key]) => key)).toEqual(['d']);
});

test('encodes keys for URLs where it is asked to, and for XML always', () => {
  const strange = ['a b+c%/(1)&<ü\u0001>'];
  expect(pagesOf(strange, {})).toEqual([['a b+c%/(1)&amp;&lt;ü&#x1;&gt;']]);
  const [page] = pagesOf(strange, { 'encoding-type': 'url' });
  expect(page).toEqual(['a+b%2Bc%25/%281%29%26%3C%C3%BC%01%3E']);
});

const list = (client: S3Client, more: Partial<ListObjectsV2CommandInput>) =>
  client.send(new ListObjectsV2Command({ Bucket, ...more }));

test.each([{ ContinuationToken: 'bm90IG91cnM=' }, { EncodingType: 'base64' as 'url' }])(
  'refuses %j',
  async (wrong) => {
    const { client } = await startDouble();
    const failure = await failureOf(list(client, wrong));
    expect(failure).toMatchObject({ name: 'InvalidArgument', status: 400 });
  },
);

test('refuses the first version of the listing', async () => {
  const { client } = await startDouble();
  client.middlewareStack.add(
    (next) => (args) => {
      delete (args.request as { query: Record<string, string> }).query['list-type'];
      return next(args);
    },
    { step: 'build' },
  );
  expect(await failureOf(list(client, {}))).toMatchObject({ name: 'NotImplemented', status: 501 });
});
