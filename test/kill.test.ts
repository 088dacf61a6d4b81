import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { startS3Double } from '@weir/s3-double/server';
import { expect, test } from 'vitest';
import { chaos } from './support/chaos.ts';
import { chaosBucket } from './support/chaos-bucket.ts';

// In CI a short run; the whole one is `npm run chaos -- --kills 200`, with and without `--faults`, and
// `npm run chaos -- --s3 --kills 40`, with a minute of outage.
const kills = Number(process.env.WEIR_TEST_KILLS ?? 25);
const faulty = fileURLToPath(new URL('./support/faulty-weir.ts', import.meta.url));

test(`what was answered 202 is stored exactly once, though the server is killed ${kills} times`, async () => {
  const { acknowledged, ...books } = await chaos({ kills });
  expect(acknowledged).toBeGreaterThan(kills);
  expect(books).toMatchObject({ lost: [], doubled: [], unwanted: [], ledgerDifference: 0 });
  expect(books.verify).toMatchObject({ code: 0 });
});

test(`the same with a store that fails or is slow half of the time`, async () => {
  const { acknowledged, ...books } = await chaos({ kills: Math.ceil(kills / 2), program: faulty });
  expect(acknowledged).toBeGreaterThan(kills);
  expect(books).toMatchObject({ lost: [], doubled: [], unwanted: [], ledgerDifference: 0 });
  expect(books.verify).toMatchObject({ code: 0 });
});

test('the same with a bucket that misbehaves in every way, and is gone for a while', async () => {
  const seed = randomInt(2 ** 31);
  const few = Math.ceil(kills / 8);
  await using double = await startS3Double({ seed });
  const outage = { kill: Math.ceil(few / 2), ms: 3_000 };
  const result = await chaos({ kills: few, store: chaosBucket(double, { seed, outage }) });
  const { acknowledged, ...books } = result;
  const told = `npm run chaos -- --s3 --seed ${seed}`;
  expect(acknowledged, told).toBeGreaterThan(kills);
  const clean = { lost: [], doubled: [], unwanted: [], ledgerDifference: 0 };
  expect(books, told).toMatchObject(clean);
  expect(books.verify, told).toMatchObject({ code: 0 });
  expect(double.counts.replaced).toBe(0);
  expect([...result.statuses.keys()], 'nobody waits for a bucket').toEqual([202]);
});
