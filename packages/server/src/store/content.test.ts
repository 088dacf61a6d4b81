import { randomBytes } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { contentOf, contentSha256, splitLines } from './content.ts';
import type { Codec } from './store.ts';

const compressions: [Codec, (bytes: Buffer) => Uint8Array][] = [
  ['zstd', zstdCompressSync],
  ['gzip', gzipSync],
  ['none', (bytes) => bytes],
];

async function readAll(bytes: Uint8Array, codec: Codec, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of contentOf(bytes, codec, maxBytes)) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function readLines(bytes: Uint8Array, codec: Codec): Promise<string[]> {
  const lines: string[] = [];
  for await (const some of splitLines(contentOf(bytes, codec, 10_000_000))) {
    lines.push(...some.map((line) => line.toString('latin1')));
  }
  return lines;
}

test.each(compressions)('%s: gives back what went in, in pieces', async (codec, compress) => {
  const content = randomBytes(300_000);
  expect((await readAll(compress(content), codec, 300_000)).equals(content)).toBe(true);
  const twice = Buffer.concat([compress(content), compress(content)]);
  expect(await readAll(twice, codec, 600_000)).toEqual(Buffer.concat([content, content]));
});

test.each(compressions)('%s: stops at the bound', async (codec, compress) => {
  const bomb = compress(Buffer.alloc(5_000_000));
  await expect(readAll(bomb, codec, 4_999_999)).rejects.toThrow(
    'the content exceeds 4999999 bytes',
  );
  expect(await contentSha256(bomb, codec, 4_999_999)).toBeUndefined();
  expect(await contentSha256(bomb, codec, 5_000_000)).toHaveLength(64);
});

test.each(compressions.slice(0, 2))('%s: notices damage', async (codec, compress) => {
  const whole = compress(randomBytes(200_000));
  const torn = whole.subarray(0, -9);
  await expect(readAll(torn, codec, 1e6)).rejects.toMatchObject({ name: 'ContentDamaged' });
  await expect(readAll(Buffer.from('no'), codec, 1e6)).rejects.toMatchObject({
    name: 'ContentDamaged',
  });
  await expect(readAll(Buffer.alloc(0), codec, 1e6)).rejects.toThrow('the object is empty');
  expect(await contentSha256(torn, codec, 1e6)).toBeUndefined();
});

test.each(compressions)('%s: finds lines of any length', async (codec, compress) => {
  const lines = ['', 'a', 'x'.repeat(200_000), '', 'y'.repeat(65_535), 'z'.repeat(65_536), 'end'];
  expect(await readLines(compress(Buffer.from(`${lines.join('\n')}\n`)), codec)).toEqual(lines);
  await expect(readLines(compress(Buffer.from('a\nb')), codec)).rejects.toThrow(
    'the last line does not end',
  );
});
