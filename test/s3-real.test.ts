import { randomUUID } from 'node:crypto';
import { systemWorld } from '@weir/core/world/system';
import { S3Store } from '@weir/server/store/s3';
import { expect, test } from 'vitest';
import { readMetric } from './support/metrics.ts';
import { onRealS3, type RealS3 } from './support/real-s3.ts';
import { post } from './support/sender.ts';
import {
  eventually,
  runWeir,
  startWeir,
  temporaryFolder,
  type WeirProcess,
} from './support/weir-process.ts';

// From a request over HTTP to objects on a server that speaks S3 and is not ours, and back.

const promise =
  'events go in over HTTP and lie on a real S3 server, where verify, cat and receipts find them';

onRealS3(promise, (server) => {
  test.concurrent.each(['zstd', 'gzip', 'none', 'parquet'])('as %s', async (codec) => {
    await using folder = await temporaryFolder();
    const env = bucketOf(server(), codec);
    await using weir = await startWeir({ dataDir: folder.path, env });
    const receipts: string[] = [];
    for (let request = 0; request < 3; request += 1) {
      receipts.push(await send(weir, [`${request}-a`, `${request}-b`]));
    }
    await eventually('an empty spool', async () =>
      (await readMetric(weir.adminUrl, 'weir_spool_requests')) === 0 ? true : undefined,
    );
    expect(await readMetric(weir.adminUrl, 'weir_dead_letters_total')).toBe(0);

    const tools = { ...env, WEIR_DATA_DIR: folder.path };
    const verified = await runWeir(['verify', '--json'], tools);
    expect([verified.code, JSON.parse(verified.stdout)]).toMatchObject([
      0,
      { findings: [], total: { stored: 6 } },
    ]);
    const shown = await runWeir(['cat', '--receipt', receipts[1] ?? ''], tools);
    const lines = shown.stdout.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(['1-a', '1-b']);
    for (const line of lines) expect(line).toContain('"data":{"big":12345678901234567890,"a":1.0}');

    const status = await statusOf(weir, receipts[1] ?? '');
    expect(status).toMatchObject({ state: 'stored' });
    const [event] = status.events;
    const object = await runWeir(['cat', '--object', event?.object ?? ''], tools);
    expect(object.stdout.split('\n')[(event?.line ?? 0) - 1]).toBe(lines[0]);
    await expectKept(server(), env.S3_PREFIX);
    expect(await weir.end('SIGTERM')).toBe(0);
  });
});

function bucketOf({ endpoint, bucket, region, env }: RealS3, codec: string) {
  const credentials = Object.entries(process.env).filter(([name]) => name.startsWith('AWS_'));
  return {
    ...(Object.fromEntries(credentials) as Record<string, string>),
    ...env,
    AWS_REGION: region,
    S3_BUCKET: bucket,
    S3_ENDPOINT: endpoint,
    S3_PREFIX: `weir-test-${randomUUID()}`,
    WEIR_CODEC: codec,
    WEIR_SEGMENT_AGE_MS: '100',
  };
}

async function send(weir: WeirProcess, ids: readonly string[]): Promise<string> {
  const events = ids.map(
    (id) => `{"id":"${id}", "type":"t", "data": {"big":12345678901234567890, "a":1.0}}`,
  );
  const reply = await post(weir, `[${events.join()}]`);
  expect(reply.status).toBe(202);
  return (JSON.parse(reply.body) as { receipt: string }).receipt;
}

interface Status {
  readonly state: string;
  readonly events: readonly { readonly object: string; readonly line: number }[];
}

async function statusOf(weir: WeirProcess, receipt: string): Promise<Status> {
  const headers = { authorization: `Bearer ${weir.key}` };
  const reply = await fetch(`${weir.url}/v1/receipts/${receipt}`, { headers });
  return (await reply.json()) as Status;
}

/** Objects and manifests are there; then nothing is left behind on a server that is not ours alone. */
async function expectKept({ endpoint, bucket, region }: RealS3, prefix: string): Promise<void> {
  const store = await S3Store.open({
    bucket,
    endpoint,
    region,
    pathStyle: true,
    prefix: `${prefix}/`,
    sse: undefined,
    sseKmsKeyId: undefined,
    storageClass: undefined,
    attemptMs: 30_000,
    maxConcurrency: 8,
    world: systemWorld,
  });
  const { signal } = new AbortController();
  const keys: string[] = [];
  for await (const { key } of store.list('', signal)) keys.push(key);
  expect(keys.filter((key) => key.startsWith('tenant=dev/')).length).toBeGreaterThan(0);
  expect(keys.filter((key) => key.startsWith('_manifests/')).length).toBeGreaterThan(0);
  for (const key of keys) await store.remove(key, signal);
  store.close();
}
