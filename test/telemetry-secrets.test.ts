import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { join } from 'node:path';
import { startS3Double } from '@weir/s3-double/server';
import { findRedisServer, startRedisServer } from '@weir/server/redis/redis-server.model';
import { expect, test } from 'vitest';
import { bucketAt } from './support/bucket.ts';
import { startOtlpSink } from './support/otlp-sink.ts';
import { makeKey, writeTenants } from './support/tenants.ts';
import {
  eventually,
  startWeir,
  temporaryFolder,
  type WeirProcess,
} from './support/weir-process.ts';

// A key, an event's content or a sender's address never appears in any span, metric, log or page.

/** Loopback, and nobody else's: so whoever writes it down is caught. */
const address = '127.83.71.59';
const content = `marked-content-${randomUUID()}`;
const wrongSecret = 'w'.repeat(43);

test('no key, no content, no address is told anywhere, whatever is sent', async () => {
  await using folder = await temporaryFolder();
  await using sink = await startOtlpSink();
  await using double = await startS3Double();
  await using stack = new AsyncDisposableStack();
  const redis = findRedisServer() && stack.use(await startRedisServer());
  const key = makeKey();
  const other = makeKey(['read']);
  const tenants = join(folder.path, 'tenants.json');
  const few = { name: 'few', unit: 'requests', tokens: 1, period: '1h', burst: 30 } as const;
  await writeTenants(tenants, { acme: { keys: [key, other], quotas: [few] } });
  const bucket = bucketAt(double.endpoint);
  const env = {
    ...bucket,
    ...(redis && { REDIS_URL: redis.url }),
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=marked-collector-secret',
    OTEL_TRACES_SAMPLER_ARG: '1',
    OTEL_BSP_SCHEDULE_DELAY: '50',
    OTEL_METRIC_EXPORT_INTERVAL: '200',
    WEIR_TENANTS: tenants,
    LOG_LEVEL: 'trace',
  };
  await using weir = await startWeir({ dataDir: folder.path, env });
  await sendAllKinds(weir, key.text, other.text);
  await eventually('spans and metrics of all of it', () =>
    sink.spans.length > 20 && sink.metrics.size > 50 ? true : undefined,
  );
  const pages = await readPages(weir, key.text);
  await weir.end('SIGTERM');
  const told = new Map([...pages, ['log', weir.output()], ['collector', sink.bodies.join('\n')]]);
  const secrets = {
    key: key.text,
    'secret of the key': key.text.split('_')[2] ?? '',
    'id of the key': key.entry.id,
    'hash of the key': key.entry.hash,
    'salt of the key': key.entry.salt,
    'a key that is wrong': wrongSecret,
    content,
    address,
    'secret of the bucket': bucket.AWS_SECRET_ACCESS_KEY ?? '',
    'secret of the collector': 'marked-collector-secret',
  };
  for (const [place, text] of told) {
    expect(text.length, place).toBeGreaterThan(100);
    for (const [secret, value] of Object.entries(secrets)) {
      expect(text.includes(value), `${secret} in ${place}`).toBe(false);
    }
  }
});

interface Sent {
  readonly authorization?: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function sendAllKinds(weir: WeirProcess, key: string, readOnly: string): Promise<void> {
  const authorization = `Bearer ${key}`;
  const good = `{"type":"t","subject":"${content}","data":{"note":"${content}"}}`;
  const kinds: readonly (readonly [body: string, sent: Sent])[] = [
    [good, {}],
    [`[${good},{"no":"${content}"}]`, {}],
    [`{"broken":"${content}`, {}],
    [content, { type: 'application/x-ndjson' }],
    [content, { type: 'text/plain' }],
    [content, { headers: { 'content-encoding': 'gzip' } }],
    [good, { headers: { 'idempotency-key': content } }],
    [good.replace('"t"', '"u"'), { headers: { 'idempotency-key': content } }],
    [good, { headers: { 'idempotency-key': `"${content}` } }],
    [good, { headers: { prefer: `wait=${content}` } }],
    [good, { headers: { traceparent: content } }],
    [good, { headers: { 'x-forwarded-for': address, 'user-agent': content } }],
    [good, { authorization: `Bearer weir_abcdefghijkl_${wrongSecret}` }],
    [good, { authorization: `Bearer ${wrongSecret}` }],
    [good, { authorization: `Basic ${Buffer.from(`${key}:${content}`).toString('base64')}` }],
    [good, { authorization: `Bearer ${readOnly}` }],
  ];
  for (let round = 0; round < 3; round += 1) {
    for (const [body, sent] of kinds) await send(weir, body, { authorization, ...sent });
  }
}

/** From the marked address. */
function send(weir: WeirProcess, body: string, sent: Sent): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const { authorization = '', type = 'application/json', headers = {} } = sent;
  const options = {
    method: 'POST',
    localAddress: address,
    headers: { authorization, 'content-type': type, ...headers },
  };
  request(`${weir.url}/v1/events?q=${content}`, options, (response) => {
    response.resume().on('end', () => resolve(response.statusCode ?? 0));
  })
    .on('error', reject)
    .end(body);
  return promise;
}

async function readPages(weir: WeirProcess, key: string): Promise<[string, string][]> {
  const paths = [
    '/metrics',
    '/console',
    '/console/state.json',
    '/readyz?x=1',
    '/openapi.json',
    '/nothing-here',
  ];
  const pages = await Promise.all(
    paths.map(async (path): Promise<[string, string]> => {
      const text = await (await fetch(weir.adminUrl + path)).text();
      return [path, text.padEnd(101)];
    }),
  );
  const limits = await fetch(`${weir.url}/problems/rate_limited`, {
    headers: { authorization: `Bearer ${key}` },
  });
  return [...pages, ['/problems/rate_limited', (await limits.text()).padEnd(101)]];
}
