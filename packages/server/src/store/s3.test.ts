import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { sumsOf } from './byte-sums.ts';
import { s3ForTests } from './s3-for-tests.model.ts';
import { contentOfLines, getText, listAll, putText, storeContract } from './store.contract.ts';

const { signal } = new AbortController();
const { make } = s3ForTests();

storeContract(async () => (await make()).store);

test('keeps what tells the lines in the metadata, and never a Content-Encoding', async () => {
  const { double, store } = await make();
  const content = contentOfLines('lines\n', 'gzip');
  await store.put('t/1.ndjson.gz', gzipSync('lines\n'), content, signal);
  const [object] = double.objects();
  expect(object?.metadata).toEqual({
    'weir-sha256': content.contentSha256,
    'weir-bytes': '6',
    'weir-codec': 'gzip',
  });
  expect(object?.headers).toMatchObject({ 'content-type': 'application/gzip' });
  expect(object?.headers).not.toHaveProperty('content-encoding');
});

test('sends the checksums it is given, and makes none itself', async () => {
  const { double, store } = await make();
  const bytes = gzipSync('lines\n');
  const content = contentOfLines('lines\n', 'gzip');
  const sums = sumsOf(bytes);
  const put = (key: string, given: typeof sums) =>
    store.put(key, bytes, { ...content, sums: given }, signal);
  expect(await put('right', sums)).toBe('created');
  await expect(put('hash', { ...sums, sha256: '0'.repeat(64) })).rejects.toThrow(/SHA256Mismatch/);
  await expect(put('crc', { ...sums, crc32: sums.crc32 ^ 1 })).rejects.toThrow(/BadDigest/);
  expect(double.objects().map(({ key }) => key)).toEqual(['right']);
});

test('a prefix stands before every key, and nobody sees it', async () => {
  const { double, store } = await make({}, { prefix: 'weir/prod/' });
  await putText(store, 'a/b', 'x');
  expect(double.objects().map(({ key }) => key)).toEqual(['weir/prod/a/b']);
  expect(await listAll(store, 'a')).toEqual([{ key: 'a/b', bytes: 1 }]);
  expect(await getText(store, 'a/b')).toBe('x');
  expect(await putText(store, 'a/b', 'x')).toBe('same');
  const long = `${'p'.repeat(250)}/${'q'.repeat(250)}/${'r'.repeat(250)}/${'s'.repeat(250)}`;
  expect(await putText(store, long, 'x')).toBe('created');
  const longer = putText(store, `${long}/1234567890123`, 'x');
  await expect(longer).rejects.toMatchObject({ kind: 'refused' });
});

test('asks for the encryption and the storage class that the settings name', async () => {
  const settings = { sse: 'aws:kms', sseKmsKeyId: 'key-1', storageClass: 'STANDARD_IA' } as const;
  const { double, store } = await make({}, settings);
  await putText(store, 'a', 'x');
  expect(double.objects()[0]?.headers).toMatchObject({
    'x-amz-server-side-encryption': 'aws:kms',
    'x-amz-server-side-encryption-aws-kms-key-id': 'key-1',
    'x-amz-storage-class': 'STANDARD_IA',
  });
});

test('keeps its connections, and no more of them than it may', async () => {
  const { double, store } = await make({}, { maxConcurrency: 4 });
  const keys = Array.from({ length: 60 }, (_, i) => `k/${i}`);
  await Promise.all(keys.map((key) => putText(store, key, key)));
  expect(double.counts.connections).toBeLessThanOrEqual(12);
  expect(double.objects()).toHaveLength(60);
});

test('a reset after the commit is found out by a look, and needs no second PUT', async () => {
  const { double, store } = await make({ faults: { resetAfterCommit: 1 } });
  double.faults.resetAfterCommit = 1;
  const put = putText(store, 'a', 'lines\n');
  await put.catch(() => undefined); // the HEAD is reset as well
  double.faults.resetAfterCommit = 0;
  expect(double.objects()).toHaveLength(1);
  expect(await putText(store, 'a', 'lines\n')).toBe('same');
  expect(await putText(store, 'a', 'others\n')).toBe('different');
  expect(double.counts.commits).toBe(1);
});

test('whatever is lost on the way, each object is there once and as it was put', async () => {
  const faults = { resetBeforeCommit: 0.1, resetAfterCommit: 0.2, cutReply: 0.1, slowDown: 0.1 };
  const { double, store } = await make({ seed: 5, faults });
  const outcomes = new Set<string>();
  for (let i = 0; i < 60; i += 1) {
    outcomes.add(await untilDone(() => putText(store, `k/${i}`, `lines ${i}\n`)));
  }
  expect(outcomes).toEqual(new Set(['created', 'same']));
  expect(double.counts.replaced).toBe(0);
  expect(double.objects().map(({ bytes }) => bytes.toString())).toHaveLength(60);
});

async function untilDone(put: () => Promise<string>): Promise<string> {
  for (;;) {
    try {
      return await put();
    } catch (error) {
      expect(error).toMatchObject({ name: 'StoreError', kind: 'trouble' });
    }
  }
}

test('a 412 on a large body, which may come as a reset, is resolved', async () => {
  const { double, store } = await make();
  const large = 'x'.repeat(6 * 1024 * 1024);
  expect(await putText(store, 'large', large)).toBe('created');
  for (let i = 0; i < 4; i += 1) {
    expect(await putText(store, 'large', large)).toBe('same');
    expect(await putText(store, 'large', `y${large.slice(1)}`)).toBe('different');
  }
  expect(double.counts.commits).toBe(1);
  expect(await getText(store, 'large')).toBe(large);
});

test('gives up waiting, says so, and finds the object that was written all the same', async () => {
  const { double, store } = await make({ seed: 3, faults: { hang: 1 } }, { attemptMs: 500 });
  const late = putText(store, 'a', 'x');
  await expect(late).rejects.toMatchObject({
    kind: 'trouble',
    pressure: 'late',
    message: expect.stringContaining('gave no answer in time'),
  });
  double.faults.hang = 0;
  expect(['created', 'same']).toContain(await putText(store, 'a', 'x'));
  expect(double.counts.commits).toBe(1);
});

test('a stop is no failure of the store, and does not wait for it', async () => {
  const { store } = await make({ faults: { outage: 'hang' } });
  const stop = new AbortController();
  const put = store.put('a', Buffer.from('x'), contentOfLines('x'), stop.signal);
  stop.abort(new Error('stopped'));
  await expect(put).rejects.toThrow('stopped');
});

test('SlowDown and 409 ask for less, and read so', async () => {
  const { double, store } = await make({ faults: { slowDown: 1 } });
  const asked = { kind: 'trouble', pressure: 'congested' };
  await expect(putText(store, 'a', 'x')).rejects.toMatchObject(asked);
  double.faults.slowDown = 0;
  double.faults.outage = 'unavailable';
  await expect(putText(store, 'a', 'x')).rejects.toMatchObject(asked);
  double.faults.outage = undefined;
  double.faults.conflict = 1;
  double.faults.latencyMedianMs = 20;
  double.faults.latencyP99Ms = 40;
  const puts = Array.from({ length: 4 }, () => putText(store, 'a', 'x'));
  const settled = await Promise.allSettled(puts);
  const errors = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  expect(errors.length).toBeGreaterThan(0);
  for (const error of errors) expect(error).toMatchObject(asked);
});

test('reading tries again by itself, and tells at last', async () => {
  const { double, store } = await make({ seed: 9 });
  await putText(store, 'a', 'x');
  double.faults.slowDown = 0.3;
  for (let i = 0; i < 10; i += 1) expect(await getText(store, 'a')).toBe('x');
  double.faults.slowDown = 1;
  await expect(getText(store, 'a')).rejects.toMatchObject({ pressure: 'congested' });
});

test('an object that came by another way is compared by its bytes', async () => {
  const { double, store } = await make();
  const { S3Client, PutObjectCommand } = await import('@aws-sdk/client-s3');
  const { endpoint, region, credentials } = double;
  const [own] = credentials;
  if (own === undefined) throw new Error('expected credentials');
  const client = new S3Client({ endpoint, region, credentials: own, forcePathStyle: true });
  const Body = gzipSync('lines\n', { level: 9 });
  await client.send(new PutObjectCommand({ Bucket: 'weir', Key: 'a', Body }));
  client.destroy();
  const put = (lines: string, level: number) =>
    store.put('a', gzipSync(lines, { level }), contentOfLines(lines, 'gzip'), signal);
  expect(await put('lines\n', 9)).toBe('same');
  expect(await put('lines\n', 0)).toBe('same');
  expect(await put('other\n', 9)).toBe('different');
});

test('knows how far the clocks are apart', async () => {
  const { store } = await make({ faults: { clockSkewMs: -120_000 } });
  expect(store.aheadMs).toBeUndefined();
  await putText(store, 'a', 'x');
  expect(store.aheadMs).toBeGreaterThan(118_000);
  expect(store.aheadMs).toBeLessThan(122_000);
});
