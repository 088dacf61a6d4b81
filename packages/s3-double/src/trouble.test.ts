import { once } from 'node:events';
import { connect } from 'node:net';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { Bucket, clientOf, failureOf, headOf, startDouble, until } from './double-client.model.ts';

const put = (client: S3Client, Key = 'k', Body = Buffer.alloc(100_000, 'x')) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, IfNoneMatch: '*' }));
const impatient = { requestHandler: { requestTimeout: 200, throwOnRequestTimeout: true } };

describe('each trouble, and whether the object is there after it', () => {
  test.each([
    ['slowDown', 'SlowDown', 0],
    ['internalError', 'InternalError', 0],
    ['resetBeforeCommit', 'ECONNRESET', 0],
    ['resetAfterCommit', 'ECONNRESET', 1],
    ['cutReply', 'ECONNRESET', 1],
  ] as const)('%s: %s, %i', async (trouble, name, there) => {
    const { client, double } = await startDouble({ faults: { [trouble]: 1 } });
    expect(await failureOf(put(client))).toMatchObject({ name });
    expect(double.objects()).toHaveLength(there);
    expect(double.counts.troubles).toEqual({ [trouble]: 1 });
    double.faults.isOn = false;
    const again = there === 1 ? await failureOf(put(client)) : await put(client);
    expect(again).toMatchObject(there === 1 ? { name: 'PreconditionFailed' } : {});
  });

  test('hang: no reply, and half of the time the object is there', async () => {
    const { double } = await startDouble({ faults: { hang: 1 } });
    const client = clientOf(double, impatient);
    const all = Array.from({ length: 12 }, (_, i) => failureOf(put(client, `${i}`)));
    expect(new Set((await Promise.all(all)).map(({ name }) => name))).toEqual(
      new Set(['ETIMEDOUT']),
    );
    expect(double.objects().length).toBeGreaterThan(0);
    expect(double.objects().length).toBeLessThan(12);
    await until(() => double.counts.underWay === 0);
  });

  test('a reply with a body is cut in the middle of it', async () => {
    const { client, double } = await startDouble();
    await put(client);
    double.faults.cutReply = 1;
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'k' }));
    expect(await failureOf(got.Body?.transformToByteArray() ?? Promise.resolve())).toMatchObject({
      name: 'ECONNRESET',
    });
  });

  test('requests without a body meet them, too', async () => {
    const { client, double } = await startDouble({ faults: { slowDown: 1 } });
    const list = client.send(new ListObjectsV2Command({ Bucket }));
    expect(await failureOf(list)).toMatchObject({ name: 'SlowDown', status: 503 });
    const head = client.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
    expect(await failureOf(head)).toMatchObject({ status: 503 });
    double.faults.slowDown = 0;
    double.faults.resetBeforeCommit = 1;
    const reset = client.send(new ListObjectsV2Command({ Bucket }));
    expect(await failureOf(reset)).toMatchObject({ name: 'ECONNRESET' });
  });
});

test('latency is spent on both sides of the commit', async () => {
  const { client, double } = await startDouble({
    faults: { latencyMedianMs: 60, latencyP99Ms: 60 },
  });
  const begun = performance.now();
  await put(client);
  expect(performance.now() - begun).toBeGreaterThan(55);
  // Each key has its own share before the commit.
  const stopped = new AbortController();
  const keys = Array.from({ length: 20 }, (_, i) => `${i}`);
  const pending = keys.map((Key) =>
    client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }), { abortSignal: stopped.signal }),
  );
  await until(() => double.objects().length >= 8);
  stopped.abort();
  const outcomes = await Promise.allSettled(pending);
  expect(outcomes.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(5);
});

describe('an outage', () => {
  test.each([
    ['reset', 'ECONNRESET'],
    ['unavailable', 'ServiceUnavailable'],
    ['hang', 'ETIMEDOUT'],
  ] as const)('%s: %s, and afterwards all is well', async (kind, name) => {
    const { double } = await startDouble();
    const client = clientOf(double, impatient);
    const over = double.outage(kind, 300);
    expect(await failureOf(put(client))).toMatchObject({ name });
    expect(double.objects()).toEqual([]);
    await over;
    await put(client);
    expect(double.faults.outage).toBeUndefined();
  });

  test('ends with the double', async () => {
    const { double } = await startDouble();
    const over = double.outage('reset', 1_000_000);
    await double.close();
    await over;
  });
});

test('an upload that is cut in the middle is counted as that', async () => {
  const { double, client } = await startDouble();
  const head = await headOf(client, put);
  const socket = connect(double.port, '127.0.0.1');
  socket.write(head + 'x'.repeat(50_000));
  await once(socket, 'ready');
  socket.end();
  await once(socket.resume(), 'close');
  await until(() => double.counts.cutOff === 1);
  expect(double.objects()).toEqual([]);
  expect(double.counts).toMatchObject({ underWay: 0, commits: 0 });
});

test('closing ends all connections, also those that hang', async () => {
  const { double, client } = await startDouble({ faults: { hang: 1 } });
  const failure = failureOf(put(client));
  await until(() => double.counts.underWay === 1);
  await double.close();
  expect(await failure).toMatchObject({ name: 'ECONNRESET' });
});

test('keeps its word, though clients leave at any moment and all its faults are on', async () => {
  const shares = {
    slowDown: 0.1,
    internalError: 0.1,
    resetBeforeCommit: 0.1,
    resetAfterCommit: 0.1,
  };
  const latency = { latencyMedianMs: 5, latencyP99Ms: 30 };
  const faults = { ...shares, ...latency, cutReply: 0.1, hang: 0.05, conflict: 0.3 };
  const { double, client } = await startDouble({ seed: 7, faults });
  const created: string[] = [];
  const write = async (i: number) => {
    const Key = `${i % 100}`;
    const command = new PutObjectCommand({
      Bucket,
      Key,
      Body: Buffer.alloc(20_000, Key),
      IfNoneMatch: '*',
    });
    const abortSignal = AbortSignal.timeout(5 + ((i * 37) % 300));
    const sent = client.send(command, { abortSignal });
    await sent.then(() => created.push(Key)).catch(() => {});
  };
  const writers = Array.from({ length: 16 }, async (_, first) => {
    for (let i = first; i < 400; i += 16) await write(i);
  });
  await Promise.all(writers);
  await until(() => double.counts.underWay === 0);
  const objects = new Map(double.objects().map((object) => [object.key, object]));
  expect(created.length).toBeGreaterThan(20);
  expect(new Set(created).size).toBe(created.length);
  expect(created.filter((key) => !objects.has(key))).toEqual([]);
  for (const { key, bytes } of objects.values()) {
    expect(bytes.equals(Buffer.alloc(20_000, key))).toBe(true);
  }
  expect(double.counts).toMatchObject({ commits: objects.size, replaced: 0 });
  expect(Object.keys(double.counts.troubles).sort()).toEqual([
    'cutReply',
    'hang',
    'internalError',
    'resetAfterCommit',
    'resetBeforeCommit',
    'slowDown',
  ]);
});
