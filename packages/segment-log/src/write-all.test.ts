import { expect, test } from 'vitest';
import type { Committed, WritableFile } from './files.ts';
import { pieceBytes, writeAll } from './write-all.ts';

/** A file that takes at most so many bytes a call. */
function fileOf(take: (parts: readonly Uint8Array[]) => number) {
  const written: Buffer[] = [];
  const calls: { readonly position: number; readonly bytes: number; readonly parts: number }[] = [];
  const nothing = async () => undefined;
  const file: WritableFile = {
    commit(parts, position, done: Committed) {
      const all = Buffer.concat(parts);
      const bytes = Math.min(all.length, take(parts));
      calls.push({ position, bytes, parts: parts.length });
      written.push(all.subarray(0, bytes));
      done(null, bytes);
    },
    truncate: nothing,
    sync: nothing,
    close: nothing,
  };
  return { file, calls, written: () => Buffer.concat(written) };
}

const write = (file: WritableFile, parts: readonly Uint8Array[], at = 0) =>
  new Promise<Error | null>((resolve) => writeAll(file, parts, at, resolve));

const bytesOf = (count: number, start = 0) =>
  Buffer.from(Array.from({ length: count }, (_, i) => (start + i) % 251));

test('goes on after every short write, across parts', async () => {
  const parts = [bytesOf(5), bytesOf(1, 5), bytesOf(10, 6)];
  for (const most of [1, 2, 3, 5, 7, 16]) {
    const { file, calls, written } = fileOf(() => most);
    expect(await write(file, parts, 100)).toBeNull();
    expect(written()).toEqual(bytesOf(16));
    expect(calls[0]?.position).toBe(100);
    expect(calls.at(-1)).toMatchObject({ position: 116 - (calls.at(-1)?.bytes ?? 0) });
  }
});

test('writes large parts in pieces, and never more than 512 at once', async () => {
  const large = Buffer.alloc(2 * pieceBytes + 3, 7);
  const { file, calls, written } = fileOf(() => Infinity);
  expect(await write(file, [bytesOf(4), large, bytesOf(4)])).toBeNull();
  expect(calls.every(({ bytes }) => bytes <= pieceBytes)).toBe(true);
  expect(written().equals(Buffer.concat([bytesOf(4), large, bytesOf(4)]))).toBe(true);

  const many = fileOf(() => Infinity);
  const parts = Array.from({ length: 1_200 }, (_, i) => bytesOf(3, i));
  expect(await write(many.file, parts)).toBeNull();
  expect(many.calls.map((call) => call.parts)).toEqual([512, 512, 176]);
  expect(many.written()).toEqual(Buffer.concat(parts));
});

test('a write that makes no progress is an error', async () => {
  expect(await write(fileOf(() => 0).file, [bytesOf(3)])).toBeInstanceOf(Error);
});
