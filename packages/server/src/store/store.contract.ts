import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Codec, ObjectContent, PutOutcome, Store, StoredObject } from './store.ts';

const { signal } = new AbortController();

/** What the store is told of these lines. */
export function contentOfLines(lines: string, codec: Codec = 'none'): ObjectContent {
  const contentSha256 = createHash('sha256').update(lines).digest('hex');
  return { contentSha256, contentBytes: Buffer.byteLength(lines), codec };
}

/** Creates an object of uncompressed text. */
export async function putText(store: Store, key: string, text: string): Promise<PutOutcome> {
  return await store.put(key, Buffer.from(text), contentOfLines(text), signal);
}

/** What a key holds, as text. */
export async function getText(store: Store, key: string): Promise<string | undefined> {
  const bytes = await store.get(key, signal);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
}

/** All that a store lists below a prefix. */
export async function listAll(store: Store, prefix: string): Promise<StoredObject[]> {
  const found: StoredObject[] = [];
  for await (const object of store.list(prefix, signal)) found.push(object);
  return found;
}

/** What every store must do. Each adapter's test calls this and adds only its own cases. */
export function storeContract(make: () => Promise<Store>): void {
  describe('store contract', () => {
    test('gives back the bytes that were put, and nothing under other keys', async () => {
      const store = await make();
      const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7) & 255);
      const lines = Buffer.from(bytes).toString('latin1');
      expect(await store.put('a/b', bytes, contentOfLines(lines), signal)).toBe('created');
      expect(Buffer.from((await store.get('a/b', signal)) ?? []).equals(bytes)).toBe(true);
      expect(await store.get('a/c', signal)).toBeUndefined();
      expect(await store.get('a/b/c', signal)).toBeUndefined();
      expect(await store.get('a', signal)).toBeUndefined();
    });

    test('never replaces an object, and tells whether it holds the same', async () => {
      const store = await make();
      expect(await putText(store, 'k', 'one\n')).toBe('created');
      expect(await putText(store, 'k', 'one\n')).toBe('same');
      expect(await putText(store, 'k', 'two\n')).toBe('different');
      expect(await putText(store, 'k', 'one\nand more\n')).toBe('different');
      expect(await getText(store, 'k')).toBe('one\n');
    });

    test('takes the same lines for the same object, however they were compressed', async () => {
      const store = await make();
      const lines = 'a line that is long enough to compress, to compress, to compress\n'.repeat(50);
      const content = contentOfLines(lines, 'gzip');
      const put = (level: number) => store.put('k', gzipSync(lines, { level }), content, signal);
      expect(await put(1)).toBe('created');
      expect(await put(9)).toBe('same');
      expect(gzipSync(lines, { level: 1 })).toEqual(
        Buffer.from((await store.get('k', signal)) ?? []),
      );
      const other = contentOfLines('other\n', 'gzip');
      expect(await store.put('k', gzipSync('other\n'), other, signal)).toBe('different');
    });

    test('of 32 writers on one key at one instant exactly one creates it', async () => {
      const store = await make();
      const outcomes = await Promise.all(
        Array.from({ length: 32 }, (_, i) => putText(store, 'race/k', i < 16 ? 'same' : `${i}`)),
      );
      expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
      const winner = outcomes.indexOf('created');
      expect(await getText(store, 'race/k')).toBe(winner < 16 ? 'same' : `${winner}`);
      const sames = outcomes.filter((outcome) => outcome === 'same').length;
      expect(sames).toBe(winner < 16 ? 15 : 0);
    });

    test('lists what begins with a prefix, in the byte order of keys', async () => {
      const store = await make();
      const keys = ['a/x', 'a-b', 'a.b', 'ab/c', 'a/é', 'b', 'a/z', 'a/x1'];
      for (const key of keys) await putText(store, key, key);
      const sorted = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect((await listAll(store, '')).map(({ key }) => key)).toEqual(sorted);
      const below = async (prefix: string) => (await listAll(store, prefix)).map(({ key }) => key);
      expect(await below('a/')).toEqual(['a/x', 'a/x1', 'a/z', 'a/é']);
      expect(await below('a/x')).toEqual(['a/x', 'a/x1']);
      expect(await below('a')).toEqual(sorted.filter((key) => key.startsWith('a')));
      expect(await below('nothing/here')).toEqual([]);
      expect(await listAll(store, 'a/é')).toEqual([{ key: 'a/é', bytes: 4 }]);
    });

    test('lists more objects than fit one page of any store', async () => {
      const store = await make();
      const keys = Array.from({ length: 1_100 }, (_, i) => `many/${1_000 + i}`);
      // As many at once as a governor lets through: a try may not take longer for waiting its turn.
      for (let from = 0; from < keys.length; from += 32) {
        await Promise.all(keys.slice(from, from + 32).map((key) => putText(store, key, '')));
      }
      expect((await listAll(store, 'many/')).map(({ key }) => key)).toEqual(keys.sort());
    });

    test('removes an object, and does not mind when there is none', async () => {
      const store = await make();
      await putText(store, 'a/b', 'text');
      await store.remove('a/b', signal);
      expect(await store.get('a/b', signal)).toBeUndefined();
      await store.remove('a/b', signal);
      await store.remove('never/was', signal);
      expect(await putText(store, 'a/b', 'anew')).toBe('created');
    });

    test.each([
      'tenant=acme/dt=2026-01-31/hour=10/abc-1.ndjson.zst',
      'with space/and+plus/and%20percent/%2F',
      'quotes\'"/and&ampersand/<angle>;=?#',
      'Gedächtnis/日本/🦦',
      `${'deep/'.repeat(50)}end`,
      `long/${'x'.repeat(250)}/${'y'.repeat(250)}/${'z'.repeat(250)}`,
    ])('keeps the key %s as it is', async (key) => {
      const store = await make();
      expect(await putText(store, key, key)).toBe('created');
      expect(await putText(store, key, key)).toBe('same');
      expect(await getText(store, key)).toBe(key);
      const found = (await listAll(store, key.slice(0, 4))).map((object) => object.key);
      expect(found).toEqual([key]);
    });

    test.each(['', '/a', 'a/', 'a//b', '.', '..', '../a', 'a/../b', 'a/./b', 'a\u0000b'])(
      'refuses the key %j for good',
      async (key) => {
        const store = await make();
        await expect(putText(store, key, 'x')).rejects.toMatchObject({
          name: 'StoreError',
          kind: 'refused',
        });
      },
    );

    test('stops when its caller does', async () => {
      const store = await make();
      await putText(store, 'k', 'x');
      const stopped = AbortSignal.abort(new Error('stopped'));
      const put = store.put('l', Buffer.from('x'), contentOfLines('x'), stopped);
      await expect(put).rejects.not.toHaveProperty('kind');
      await expect(store.get('k', stopped)).rejects.not.toHaveProperty('kind');
      await expect(store.remove('k', stopped)).rejects.not.toHaveProperty('kind');
      await expect(store.list('', stopped)[Symbol.asyncIterator]().next()).rejects.toThrow();
      expect((await listAll(store, '')).map(({ key }) => key)).toEqual(['k']);
    });
  });
}
