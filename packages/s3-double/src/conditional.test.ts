import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { Bucket, failureOf, startDouble } from './double-client.model.ts';

const create = (client: S3Client, Key: string, Body: string | Buffer) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, IfNoneMatch: '*' }));

/** How many of 32 writers of one key at one instant created it, and how the others failed. */
async function race(client: S3Client, key: string) {
  const writers = Array.from({ length: 32 }, (_, i) => create(client, key, `writer ${i}`));
  const outcomes = await Promise.allSettled(writers);
  const got = await client.send(new GetObjectCommand({ Bucket, Key: key }));
  return {
    winners: outcomes.flatMap(({ status }, i) => (status === 'fulfilled' ? [`writer ${i}`] : [])),
    failures: new Set(
      outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.name] : [])),
    ),
    holds: await got.Body?.transformToString(),
  };
}

test('of 32 writers on one key at one instant exactly one writes', async () => {
  const { client, double } = await startDouble({
    faults: { latencyMedianMs: 1, latencyP99Ms: 10 },
  });
  for (let round = 0; round < 3; round += 1) {
    const { winners, failures, holds } = await race(client, `race/${round}`);
    expect(winners).toEqual([holds]);
    expect([...failures]).toEqual(['PreconditionFailed']);
  }
  expect(double.counts).toMatchObject({ commits: 3, replaced: 0, requests: { put: 96 } });
  expect(double.counts.mostUnderWay).toBeGreaterThan(16);
  expect(double.counts.attempts.get('race/2')).toBe(32);
});

test('while others write the same key, some get a 409 and none of these has written', async () => {
  const { client } = await startDouble({
    faults: { conflict: 0.5, latencyMedianMs: 20, latencyP99Ms: 20 },
  });
  const { winners, failures, holds } = await race(client, 'race');
  expect(winners).toEqual([holds]);
  expect([...failures].sort()).toEqual(['ConditionalRequestConflict', 'PreconditionFailed']);
});

test('a lone writer meets no conflict', async () => {
  const { client } = await startDouble({ faults: { conflict: 1 } });
  await create(client, 'k', 'one');
  expect(await failureOf(create(client, 'k', 'two'))).toMatchObject({ name: 'PreconditionFailed' });
});

test('told to ignore the condition, it replaces in silence', async () => {
  const { client, double } = await startDouble({ faults: { ignoreConditions: true } });
  await create(client, 'k', 'one');
  await create(client, 'k', 'two');
  expect(double.counts).toMatchObject({ commits: 2, replaced: 1 });
});

test('a large body is refused before it is read: as a reset, or as a 412', async () => {
  const { client, double } = await startDouble();
  const large = Buffer.alloc(16 * 1024 * 1024);
  // The SDK would wait for `100 Continue` and get a clean reply.
  client.middlewareStack.add(
    (next) => (args) => {
      delete (args.request as { headers: { Expect?: string } }).headers.Expect;
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
  await create(client, 'k', large);
  const names = new Set<string>();
  for (let i = 0; i < 8; i += 1) names.add((await failureOf(create(client, 'k', large))).name);
  const early = ['PreconditionFailed', 'ECONNRESET', 'EPIPE'];
  expect([...names].filter((name) => !early.includes(name))).toEqual([]);
  expect(names.size).toBeGreaterThan(1);
  expect(double.counts).toMatchObject({ commits: 1, errors: { PreconditionFailed: 8 } });
});

test('whoever waits for 100 Continue gets a clean 412, or sends', async () => {
  const { client, double } = await startDouble();
  const large = Buffer.alloc(8 * 1024 * 1024);
  await create(client, 'k', large);
  const failure = await failureOf(create(client, 'k', large));
  expect(failure).toMatchObject({ name: 'PreconditionFailed', status: 412 });
  expect(double.objects()).toHaveLength(1);
});
