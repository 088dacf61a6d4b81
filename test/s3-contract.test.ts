import { randomUUID } from 'node:crypto';
import { systemWorld } from '@weir/core/world/system';
import { s3Contract } from '@weir/s3-double/s3.contract';
import { type S3Double, startS3Double } from '@weir/s3-double/server';
import { S3Store } from '@weir/server/store/s3';
import type { PutOutcome, Store } from '@weir/server/store/store';
import { contentOfLines, getText, putText, storeContract } from '@weir/server/store/store.contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { onRealS3, type RealS3 } from './support/real-s3.ts';

describe('the double keeps the contract of stores', () => {
  let double: S3Double | undefined;
  const environment = { ...process.env };
  beforeAll(async () => {
    double = await startS3Double();
    const { accessKeyId = '', secretAccessKey = '' } = double.credentials[0] ?? {};
    process.env.AWS_ACCESS_KEY_ID = accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY = secretAccessKey;
    delete process.env.AWS_SESSION_TOKEN;
    delete process.env.AWS_REGION;
  });
  afterAll(async () => {
    process.env = environment;
    await double?.close();
  });
  promises(() => ({ endpoint: double?.endpoint ?? '', bucket: 'weir' }));

  test('with no object replaced', () => {
    expect(double?.counts.commits).toBeGreaterThan(100);
    expect(double?.counts.replaced).toBe(0);
  });
});

onRealS3('a real server keeps the contract of stores, and does as the double', (server) => {
  promises(server);
  s3Contract(server);
});

/** What weir relies on, whoever the server is. */
function promises(server: () => Pick<RealS3, 'endpoint' | 'bucket'>): void {
  const stores: S3Store[] = [];
  const open = async () => {
    const { endpoint, bucket } = server();
    const store = await S3Store.open({
      bucket,
      endpoint,
      region: process.env.AWS_REGION,
      pathStyle: true,
      prefix: `weir-test-${randomUUID()}/`,
      sse: undefined,
      sseKmsKeyId: undefined,
      storageClass: undefined,
      attemptMs: 30_000,
      maxConcurrency: 32,
      world: systemWorld,
    });
    stores.push(store);
    return store;
  };
  afterAll(async () => {
    for (const store of stores) {
      if (process.env.WEIR_TEST_S3_ENDPOINT !== undefined) await empty(store);
      store.close();
    }
  });

  storeContract(open);

  test('of 32 writers on one key at one instant exactly one creates it, in 100 rounds', async () => {
    const store = await open();
    for (let round = 0; round < 100; round += 1) {
      const texts = Array.from({ length: 32 }, (_, i) => `round ${round}, writer ${i}\n`);
      await expectOneWinner(store, `race/${round}`, texts);
    }
  });

  test('so it is with objects so large that a server answers before it has read them', async () => {
    const store = await open();
    for (let round = 0; round < 3; round += 1) {
      const texts = Array.from({ length: 8 }, (_, i) => `${i}`.repeat(6 * 1024 * 1024));
      await expectOneWinner(store, `large/${round}`, texts);
      const [first = ''] = texts;
      const again = await putText(store, `large/${round}`, first);
      const isFirst = (await getText(store, `large/${round}`)) === first;
      expect(again).toBe(isFirst ? 'same' : 'different');
    }
  });
}

const { signal } = new AbortController();

/** All of these at once: one is created and the others are told that it is another's. */
async function expectOneWinner(store: Store, key: string, texts: readonly string[]): Promise<void> {
  const put = (text: string) => store.put(key, Buffer.from(text), contentOfLines(text), signal);
  const outcomes: PutOutcome[] = await Promise.all(texts.map(put));
  expect(outcomes.toSorted()).toEqual([
    'created',
    ...Array.from({ length: texts.length - 1 }, () => 'different'),
  ]);
  const there = await getText(store, key);
  expect(there === texts[outcomes.indexOf('created')], 'the winner is what is there').toBe(true);
}

/** Leaves nothing behind on a server that is not started for these tests alone. */
async function empty(store: Store): Promise<void> {
  for await (const { key } of store.list('', signal)) await store.remove(key, signal);
}
