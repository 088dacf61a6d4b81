import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import {
  checkpointBytes,
  decodePreamble,
  encodeHead,
  frameAt,
  frameBytes,
  preambleBytes,
  sealRecord,
  sealSplitRecord,
  writeCheckpoint,
} from './frame.ts';

const random = Buffer.from('0102030405060708', 'hex');
const { bytes: head, secret } = encodeHead(random, Buffer.from('header'));

test('a segment begins with a preamble that checks itself, then its header', () => {
  expect(decodePreamble(head)).toEqual(secret);
  const frame = frameAt(head, preambleBytes, secret);
  expect(frame).toEqual({ from: preambleBytes + frameBytes, end: head.length, durable: undefined });
  expect(head.subarray(frame?.from, frame?.end).toString()).toBe('header');
});

test('the layout is what it was: segments written by this version are read by the next', () => {
  expect(head.toString('hex')).toBe(
    '7765697273656731010000000102030405060708aa09b0ae01020304e3e43d9d06000000686561646572',
  );
});

test('a preamble that is cut or changed is none, one of a newer format is refused', () => {
  expect(decodePreamble(head.subarray(0, preambleBytes - 1))).toBeUndefined();
  for (let at = 0; at < preambleBytes; at += 1) {
    const changed = Buffer.from(head);
    changed[at] = (changed[at] as number) ^ 1;
    expect(decodePreamble(changed)).toBeUndefined();
  }
  const newer = Buffer.from(head);
  newer[8] = 2;
  newer.writeUInt32LE(crc32(newer.subarray(0, 20)), 20);
  expect(() => decodePreamble(newer)).toThrow('segment format 2 is newer than this weir');
});

test('a frame with any byte changed is none, nor is one of another segment', () => {
  const bytes = Buffer.alloc(frameBytes + 5 + checkpointBytes);
  bytes.write('abcde', frameBytes);
  sealRecord(bytes, 0, frameBytes + 5, secret);
  writeCheckpoint(bytes, frameBytes + 5, 2 ** 40 + 7, secret);
  expect(frameAt(bytes, 0, secret)?.end).toBe(frameBytes + 5);
  expect(frameAt(bytes, frameBytes + 5, secret)?.durable).toBe(2 ** 40 + 7);
  expect(frameAt(bytes, 0, { ...secret, seed: secret.seed ^ 1 })).toBeUndefined();
  expect(frameAt(bytes, 0, { ...secret, mark: secret.mark ^ 1 })).toBeUndefined();
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] as number) ^ 0x40;
    const of = at < frameBytes + 5 ? 0 : frameBytes + 5;
    expect(frameAt(changed, of, secret)).toBeUndefined();
  }
});

test('a record in two places is the same as one in a single place', () => {
  const whole = Buffer.alloc(frameBytes + 8);
  whole.write('metabody', frameBytes);
  sealRecord(whole, 0, whole.length, secret);
  const split = Buffer.alloc(frameBytes + 4);
  split.write('meta', frameBytes);
  sealSplitRecord(split, { at: 0, end: split.length }, Buffer.from('body'), secret);
  expect(Buffer.concat([split, Buffer.from('body')])).toEqual(whole);
});
