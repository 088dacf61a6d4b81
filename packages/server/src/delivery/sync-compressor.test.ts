import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Lines } from './lines.ts';
import { SyncCompressor } from './sync-compressor.ts';

const text = Buffer.from(
  Array.from({ length: 60_000 }, (_, i) => `{"n":${i},"s":"${(i * i) % 977}"}\n`).join(''),
);
const contents: [string, Buffer, number][] = [
  ['nothing', Buffer.alloc(0), 10],
  ['one byte', Buffer.from('a'), 10],
  ['text', text, 100_000],
  ['text in small pieces', text.subarray(0, 50_000), 7],
  ['noise', randomBytes(3_000_000), 1_000_000],
  ['zeros', Buffer.alloc(20_000_000), 256 * 1024],
];

function compress(codec: 'zstd' | 'gzip', level: number, content: Buffer, size: number): Buffer {
  const output = new Lines(1);
  const compressor = new SyncCompressor(codec, level, output);
  for (let at = 0; at < content.length; at += size) {
    compressor.write(content.subarray(at, at + size));
  }
  compressor.finish();
  return output.view;
}

/** Where the zstd frame that begins the bytes ends: RFC 8878, section 3.1.1. */
function frameEnd(bytes: Buffer): number {
  expect(bytes.readUInt32LE(0)).toBe(0xfd2fb528);
  const descriptor = bytes[4] as number;
  const isSingle = (descriptor & 32) !== 0;
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
  let at = 5 + (isSingle ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] as number) + sizeBytes;
  for (let isLast = false; !isLast; ) {
    const block = bytes.readUIntLE(at, 3);
    isLast = (block & 1) === 1;
    at += 3 + (((block >> 1) & 3) === 1 ? 1 : block >> 3);
  }
  return at + ((descriptor & 4) !== 0 ? 4 : 0);
}

test.each(contents)('zstd: %s becomes one frame that Node can read', (_, content, size) => {
  const found = compress('zstd', 3, content, size);
  expect(zstdDecompressSync(found).equals(content)).toBe(true);
  expect(frameEnd(found)).toBe(found.length);
});

test.each(contents)('gzip: %s comes out as from Node’s own function', (_, content, size) => {
  const found = compress('gzip', 6, content, size);
  expect(gunzipSync(found).equals(content)).toBe(true);
  expect(found.equals(gzipSync(content, { level: 6 }))).toBe(true);
});

test('the level counts', () => {
  const sizes = [1, 9, 19].map((level) => compress('zstd', level, text, 100_000).length);
  expect(new Set(sizes).size).toBe(3);
});
