import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { BufferPool } from './buffer-pool.ts';
import { frameBytes } from './frame.ts';
import { Gather } from './gather.ts';

const secret = { mark: 0x01_02_03_04, seed: 0x05_06_07_08 };
const meta = Buffer.alloc(90, 'm');
const body = Buffer.alloc(1_024, 'b');
const perCommit = 64;
const commits = 20;

/** The plain form: a buffer for each frame, all of them handed to writev. */
function framesOfTheirOwn(): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let i = 0; i < perCommit; i += 1) {
    const frame = Buffer.concat([Buffer.alloc(frameBytes), meta, body]);
    frame.writeUInt32LE(frame.length - frameBytes, 8);
    frame.writeUInt32LE(secret.mark, 0);
    frame.writeUInt32LE(crc32(frame.subarray(8), secret.seed), 4);
    parts.push(frame);
  }
  return parts;
}

test('64 records of 1 KB: one pooled buffer against a buffer each', async ({ bench }) => {
  const pool = new BufferPool(256 * 1024, 4);
  const results = await bench.compare(
    bench('a buffer each', () => {
      for (let i = 0; i < commits; i += 1) framesOfTheirOwn();
    }),
    bench('pooled', () => {
      for (let i = 0; i < commits; i += 1) {
        const gather = new Gather(pool, secret);
        for (let n = 0; n < perCommit; n += 1) gather.add(meta, body);
        gather.parts(0);
        gather.release();
      }
    }),
  );
  const plain = results.get('a buffer each').throughput.p50;
  expect(results.get('pooled').throughput.p50 / plain).toBeGreaterThan(1);
});
