import { startS3Double } from '@weir/s3-double/server';
import { expect, test } from 'vitest';
import { bucketAt, idsIn } from './support/bucket.ts';
import { freePort } from './support/child-server.ts';
import { expectLedger, type LedgerTerms } from './support/ledger.ts';
import { readMetric } from './support/metrics.ts';
import { post } from './support/sender.ts';
import {
  eventually,
  runWeir,
  startWeir,
  temporaryFolder,
  type WeirProcess,
} from './support/weir-process.ts';

// What was answered 202 reaches the bucket exactly once, whatever is wrong with the store meanwhile.

async function send(weir: WeirProcess, ids: readonly string[]): Promise<string> {
  const body = JSON.stringify(ids.map((id) => ({ id, type: 'order.paid' })));
  const reply = await post(weir, body);
  expect(reply.status).toBe(202);
  return (JSON.parse(reply.body) as { receipt: string }).receipt;
}

async function reasonsOf(weir: WeirProcess): Promise<string[]> {
  const reply = await fetch(`${weir.adminUrl}/readyz`);
  expect(reply.status, 'it takes events all the same').toBe(200);
  return ((await reply.json()) as { reasons: string[] }).reasons;
}

async function untilSaid(weir: WeirProcess, sentence: RegExp): Promise<void> {
  await eventually(`${sentence} in /readyz`, async () =>
    (await reasonsOf(weir)).find((reason) => sentence.test(reason)),
  );
}

async function untilDelivered(weir: WeirProcess, ledger: Partial<LedgerTerms> = {}): Promise<void> {
  await expectLedger(weir.adminUrl, ledger);
}

test('events go in over HTTP and lie in the bucket, where verify and cat find them', async () => {
  await using folder = await temporaryFolder();
  await using double = await startS3Double();
  const env = bucketAt(double.endpoint, { S3_PREFIX: 'weir' });
  await using weir = await startWeir({ dataDir: folder.path, env });
  const receipt = await send(weir, ['a', 'b']);
  await untilDelivered(weir);
  await untilSaidNothing(weir);

  expect(idsIn(double)).toEqual(['a', 'b']);
  expect(double.objects().every(({ key }) => key.startsWith('weir/'))).toBe(true);
  expect(await readMetric(weir.adminUrl, 'weir_store_puts_per_million_events')).toBe(1_000_000);
  expect(await readMetric(weir.adminUrl, 'weir_store_dollars_per_million_events')).toBe(5);

  const tools = { ...env, WEIR_DATA_DIR: folder.path };
  const verified = await runWeir(['verify'], tools);
  expect([verified.code, verified.stdout]).toEqual([
    0,
    '1 manifest and 1 object read, 2 events stored: no gap, no duplicate, no damage\n',
  ]);
  const shown = await runWeir(['cat', '--receipt', receipt], tools);
  expect(shown.stdout.match(/"id":"\w"/g)).toEqual(['"id":"a"', '"id":"b"']);
  const status = await fetch(`${weir.url}/v1/receipts/${receipt}`, {
    headers: { authorization: `Bearer ${weir.key}` },
  });
  expect(await status.json()).toMatchObject({ state: 'stored' });
});

test('while the bucket is out of reach a receipt is a 503 that says when to ask again', async () => {
  await using folder = await temporaryFolder();
  await using double = await startS3Double();
  await using weir = await startWeir({ dataDir: folder.path, env: bucketAt(double.endpoint) });
  const receipt = await send(weir, ['a']);
  await untilDelivered(weir);
  double.faults.outage = 'unavailable';
  const asked = await fetch(`${weir.url}/v1/receipts/${receipt}`, {
    headers: { authorization: `Bearer ${weir.key}` },
  });
  expect([asked.status, asked.headers.get('retry-after')]).toEqual([503, '5']);
  expect(await asked.json()).toMatchObject({ code: 'store_trouble' });
});

async function untilSaidNothing(weir: WeirProcess): Promise<void> {
  await eventually('nothing wrong in /readyz', async () =>
    (await reasonsOf(weir)).length === 0 ? true : undefined,
  );
}

test('a store that is not there yet costs nothing: events are taken, and delivered once it is', async () => {
  await using folder = await temporaryFolder();
  const port = await freePort();
  const env = bucketAt(`http://127.0.0.1:${port}`);
  await using weir = await startWeir({ dataDir: folder.path, env });
  await send(weir, ['early']);
  await untilSaid(weir, /nothing listens at http:\/\/127.0.0.1:\d+: start it, or set S3_ENDPOINT/);
  expect(weir.output()).toMatch(/"reason":"nothing listens at .*"the store cannot be used"/);
  await send(weir, ['later']);

  await using double = await startS3Double({ port });
  await untilDelivered(weir);
  expect(idsIn(double).toSorted()).toEqual(['early', 'later']);
  await untilSaidNothing(weir);
  expect(await weir.end('SIGTERM')).toBe(0);
});

test.each([
  ['bucket', { S3_BUCKET: 'other' }, /there is no bucket other at http.*set S3_BUCKET/],
  ['region', { AWS_REGION: 'eu-west-1' }, /not in the region eu-west-1: set AWS_REGION/],
  ['access key', { AWS_ACCESS_KEY_ID: 'nobody' }, /the access key: check AWS_ACCESS_KEY_ID/],
])(
  'a wrong %s is told in one sentence; weir takes events and keeps them',
  async (_, wrong, sentence) => {
    await using folder = await temporaryFolder();
    await using double = await startS3Double();
    const wrongEnv = bucketAt(double.endpoint, wrong);
    await using weir = await startWeir({ dataDir: folder.path, env: wrongEnv });
    await send(weir, ['kept']);
    await untilSaid(weir, sentence);
    expect(weir.output()).toMatch(sentence);
    const told = await runWeir(['verify'], { ...wrongEnv, WEIR_DATA_DIR: folder.path });
    expect([told.code, told.stderr]).toEqual([3, expect.stringMatching(sentence)]);
    expect(await weir.end('SIGKILL')).toBe('SIGKILL');

    const env = bucketAt(double.endpoint);
    await using mended = await startWeir({ dataDir: folder.path, env });
    await untilDelivered(mended, { accepted: 0, recovered: 1, stored: 1 });
    expect(idsIn(double)).toEqual(['kept']);
  },
);

test('a secret that is mended under way lets delivery begin by itself', async () => {
  await using folder = await temporaryFolder();
  await using double = await startS3Double();
  const env = bucketAt(double.endpoint, { AWS_SECRET_ACCESS_KEY: 'mistyped' });
  await using weir = await startWeir({ dataDir: folder.path, env });
  await send(weir, ['waits']);
  await untilSaid(weir, /does not accept the signature: check AWS_SECRET_ACCESS_KEY/);
  expect(weir.output()).not.toContain('mistyped');

  double.credentials.splice(0, 1, { accessKeyId: 'test', secretAccessKey: 'mistyped' });
  await untilDelivered(weir);
  expect(idsIn(double)).toEqual(['waits']);
  expect(await readMetric(weir.adminUrl, 'weir_dead_letters_total')).toBe(0);
});

test('a store that ignores If-None-Match is told of, loudly', async () => {
  await using folder = await temporaryFolder();
  await using double = await startS3Double({ faults: { ignoreConditions: true } });
  await using weir = await startWeir({ dataDir: folder.path, env: bucketAt(double.endpoint) });
  await untilSaid(weir, /exactly once cannot be promised on this store/);
  expect(weir.output()).toMatch(/"level":"error".*exactly once cannot be promised/);
});

test('what one prefix refuses becomes a dead letter, holds up nobody, and is replayed', async () => {
  await using folder = await temporaryFolder();
  const denied = [{ prefix: 'tenant=', kinds: ['put'] }] as const;
  await using double = await startS3Double({ faults: { denied } });
  const env = bucketAt(double.endpoint);
  await using weir = await startWeir({ dataDir: folder.path, env });
  await send(weir, ['a']);
  await untilDelivered(weir, { accepted: 1, stored: 0, dead: 1 });
  expect(await readMetric(weir.adminUrl, 'weir_dead_letters_total')).toBe(1);
  expect(idsIn(double)).toEqual([]);

  const tools = { ...env, WEIR_DATA_DIR: folder.path };
  const still = await runWeir(['replay'], tools);
  expect([still.code, still.stdout]).toEqual([
    1,
    expect.stringMatching(/stays, s3:PutObject on tenant=.* is not allowed/),
  ]);
  double.faults.denied = [];
  const replayed = await runWeir(['replay'], tools);
  expect([replayed.code, replayed.stdout]).toEqual([0, '1 dead letter delivered\n']);
  expect(idsIn(double)).toEqual(['a']);
  expect((await runWeir(['verify'], tools)).code).toBe(0);
});

test('where even _dead refuses, the segment stays in the spool, told of, until it is mended', async () => {
  await using folder = await temporaryFolder();
  const denied = [{ prefix: '', kinds: ['put'] }] as const;
  await using double = await startS3Double({ faults: { denied } });
  await using weir = await startWeir({ dataDir: folder.path, env: bucketAt(double.endpoint) });
  await send(weir, ['a']);
  await untilSaid(weir, /^segment \w+-1 stays in the spool: s3:PutObject on _dead\/.* not allowed/);
  expect(await readMetric(weir.adminUrl, 'weir_stuck_segments')).toBe(1);
  // _dead last: a delivery under way, refused a moment ago, would else leave a dead letter there.
  double.faults.denied = [{ prefix: '_dead/', kinds: ['put'] }];
  await untilDelivered(weir);
  expect(idsIn(double)).toEqual(['a']);
  await untilSaidNothing(weir);
});
