import { attributeNames as names, spanNames } from '@weir/core/server-spans';
import { startS3Double } from '@weir/s3-double/server';
import { findRedisServer, startRedisServer } from '@weir/server/redis/redis-server.model';
import { expect, test } from 'vitest';
import { bucketAt } from './support/bucket.ts';
import { type OtlpSink, type SunkSpan, startOtlpSink } from './support/otlp-sink.ts';
import { post } from './support/sender.ts';
import { eventually, startWeir, temporaryFolder } from './support/weir-process.ts';

// What went wrong on the way of an event shows in its trace, and a trace outlives what dies.

const event = '{"type":"order.paid","data":{"n":1}}';

const envOf = (sink: OtlpSink, more: Readonly<Record<string, string>> = {}) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  OTEL_BSP_SCHEDULE_DELAY: '50',
  OTEL_METRICS_EXPORTER: 'none',
  OTEL_TRACES_SAMPLER_ARG: '1',
  WEIR_SEGMENT_AGE_MS: '100',
  ...more,
});

const named = (sink: OtlpSink, name: string): SunkSpan[] =>
  sink.spans.filter((span) => span.name === name);

test.skipIf(findRedisServer() === undefined && process.env.CI !== 'true')(
  'limits that are degraded show on the spans of the requests they concern',
  async () => {
    await using folder = await temporaryFolder();
    await using sink = await startOtlpSink();
    await using redis = await startRedisServer();
    const env = envOf(sink, { REDIS_URL: redis.url });
    await using weir = await startWeir({ dataDir: folder.path, env });
    expect((await post(weir, event)).status).toBe(202);
    const asked = await eventually('a question to Redis', () => named(sink, spanNames.redis)[0]);
    const request = await eventually('its request', () => named(sink, spanNames.request)[0]);
    expect(asked).toMatchObject({ parentSpanId: request.spanId, kind: 3, status: 0 });
    expect(request.attributes).toMatchObject({
      [names.limiterSource]: 'redis',
      [names.limiterDegraded]: false,
    });

    await redis.kill();
    expect((await post(weir, event)).status).toBe(202);
    const degraded = await eventually('a span of a degraded decision', () =>
      named(sink, spanNames.request).find(({ attributes }) => attributes[names.limiterDegraded]),
    );
    expect(degraded.attributes[names.limiterSource]).toBe('local');
    expect(degraded.status, 'the request was taken').toBe(0);
  },
);

test('every try to write shows, and where a refused object went', async () => {
  await using folder = await temporaryFolder();
  await using sink = await startOtlpSink();
  await using double = await startS3Double();
  const env = envOf(sink, bucketAt(double.endpoint));
  await using weir = await startWeir({ dataDir: folder.path, env });
  double.faults.isOn = true;
  double.faults.internalError = 1;
  expect((await post(weir, event)).status).toBe(202);
  await eventually('two tries at its object', () => {
    const tries = [...double.counts.attempts].find(([key]) => key.includes('tenant='))?.[1] ?? 0;
    return tries >= 2 ? true : undefined;
  });
  double.faults.internalError = 0;
  await eventually('the story of it', () => named(sink, spanNames.batch)[0]);
  const [first, ...later] = named(sink, spanNames.put);
  expect(first).toMatchObject({ status: 2, attributes: { [names.outcome]: 'trouble' } });
  const last = later.findLast(({ attributes }) => attributes[names.s3Key] === keyOf(first));
  expect(last).toMatchObject({ status: 0, attributes: { [names.outcome]: 'created' } });
  expect(last?.attributes[names.resendCount]).toBeGreaterThanOrEqual(1);

  double.faults.denied = [{ prefix: 'tenant=', kinds: ['put'] }];
  expect((await post(weir, event)).status).toBe(202);
  const dead = await eventually('a dead letter', () =>
    named(sink, spanNames.deliver).find(
      ({ attributes }) => attributes[names.objectState] === 'dead',
    ),
  );
  const letter = named(sink, spanNames.put).find((span) => keyOf(span)?.startsWith('_dead/'));
  expect(letter?.traceId).toBe(dead.links[0]?.traceId);
});

function keyOf(span: SunkSpan | undefined): string | undefined {
  return span?.attributes[names.s3Key] as string | undefined;
}

test('a repeat says that it is one', async () => {
  await using folder = await temporaryFolder();
  await using sink = await startOtlpSink();
  await using weir = await startWeir({ dataDir: folder.path, env: envOf(sink) });
  const headers = { 'idempotency-key': 'once' };
  const [first, second] = [
    await post(weir, event, { headers }),
    await post(weir, event, { headers }),
  ];
  expect(second?.body).toBe(first?.body);
  await eventually('both requests', () => (named(sink, spanNames.request)[1] ? true : undefined));
  const repeats = named(sink, spanNames.request).map(
    ({ attributes }) => attributes[names.isRepeat],
  );
  expect(repeats).toEqual([undefined, true]);
  expect(named(sink, spanNames.append)).toHaveLength(1);
});

test('a trace goes on after kill -9: the next process delivers, as a child of the request', async () => {
  await using folder = await temporaryFolder();
  await using sink = await startOtlpSink();
  const dying = envOf(sink, { MAX_WORKERS: '0' });
  const weir = await startWeir({ dataDir: folder.path, env: dying });
  const reply = await post(weir, event);
  const { receipt } = JSON.parse(reply.body) as { receipt: string };
  const request = await eventually('the request', () => named(sink, spanNames.request)[0]);
  expect(await weir.end('SIGKILL')).toBe('SIGKILL');

  await using next = await startWeir({ dataDir: folder.path, env: envOf(sink) });
  const deliver = await eventually('its delivery', () => named(sink, spanNames.deliver)[0]);
  expect(deliver).toMatchObject({ traceId: request.traceId, parentSpanId: request.spanId });
  expect(deliver.attributes[names.receipt]).toBe(receipt);
  const headers = { authorization: `Bearer ${next.key}` };
  const status = await (await fetch(`${next.url}/v1/receipts/${receipt}`, { headers })).json();
  expect(status).toMatchObject({ state: 'stored', trace: request.traceId });
});
