import { attributeNames as names, spanNames } from '@weir/core/server-spans';
import { expect, test } from 'vitest';
import { readMetric } from './support/metrics.ts';
import { type OtlpSink, type SunkSpan, startOtlpSink } from './support/otlp-sink.ts';
import { post } from './support/sender.ts';
import { eventually, startWeir, temporaryFolder } from './support/weir-process.ts';

// One trace leads from a request to the object that holds its events, and costs nothing unasked.

const traceId = '0af7651916cd43dd8448eb211c80319c';
const parentId = 'b7ad6b7169203331';
const sampled = `00-${traceId}-${parentId}-01`;
const event = '{"type":"order.paid","data":{"n":1}}';

const envOf = (sink: { readonly url: string }, more: Readonly<Record<string, string>> = {}) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  OTEL_BSP_SCHEDULE_DELAY: '50',
  OTEL_METRIC_EXPORT_INTERVAL: '200',
  OTEL_TRACES_SAMPLER_ARG: '0',
  WEIR_SEGMENT_AGE_MS: '100',
  ...more,
});

const named = (spans: readonly SunkSpan[], name: string): SunkSpan[] =>
  spans.filter((span) => span.name === name);

const spanOf = (sink: OtlpSink, name: string): Promise<SunkSpan> =>
  eventually(`a span ${name}`, () => named(sink.spans, name)[0]);

test('a sampled request is one story from its sender to its object', async () => {
  await using sink = await startOtlpSink();
  await using folder = await temporaryFolder();
  await using weir = await startWeir({ dataDir: folder.path, env: envOf(sink) });

  const reply = await post(weir, event, { headers: { traceparent: sampled } });
  expect(reply.status).toBe(202);
  const { receipt } = JSON.parse(reply.body) as { receipt: string };

  const deliver = await spanOf(sink, spanNames.deliver);
  const request = await spanOf(sink, spanNames.request);
  expect(request).toMatchObject({ traceId, parentSpanId: parentId, kind: 2, status: 0 });
  expect(request.attributes).toMatchObject({
    [names.route]: '/v1/events',
    [names.status]: 202,
    [names.tenant]: 'dev',
    [names.receipt]: receipt,
    [names.limiterSource]: 'memory',
    [names.events]: 1,
  });
  const append = await spanOf(sink, spanNames.append);
  expect(append).toMatchObject({ traceId, parentSpanId: request.spanId });

  const key = deliver.attributes[names.objectKey] as string;
  expect(deliver).toMatchObject({ traceId, parentSpanId: request.spanId, kind: 5 });
  expect(deliver.attributes).toMatchObject({
    [names.receipt]: receipt,
    [names.objectState]: 'stored',
  });
  const batch = await spanOf(sink, spanNames.batch);
  expect(batch.traceId).not.toBe(traceId);
  expect(deliver.links).toEqual([{ traceId: batch.traceId, spanId: batch.spanId }]);
  expect(batch.links).toEqual([{ traceId, spanId: deliver.spanId }]);
  const writes = named(sink.spans, spanNames.write);
  expect(writes.map(({ attributes }) => attributes[names.objectKey])).toContain(key);
  for (const write of writes) expect(write.parentSpanId).toBe(batch.spanId);

  const headers = { authorization: `Bearer ${weir.key}` };
  const status = await (await fetch(`${weir.url}/v1/receipts/${receipt}`, { headers })).json();
  expect(status).toMatchObject({ state: 'stored', trace: traceId, events: [{ object: key }] });
});

test('a refusal is told on its span, with its quota', async () => {
  await using sink = await startOtlpSink();
  await using folder = await temporaryFolder();
  const env = envOf(sink, { WEIR_TRACE_ON_REQUEST: 'on' });
  await using weir = await startWeir({ dataDir: folder.path, env });
  const asked = { headers: { 'weir-trace': '1' } };
  expect((await post(weir, '{"no":"type"', asked)).status).toBe(400);
  expect((await post({ ...weir, key: 'weir_wrong' }, event, asked)).status).toBe(401);
  await eventually('two spans', () => (sink.spans.length >= 2 ? true : undefined));
  const codes = sink.spans.map(({ attributes }) => attributes[names.refusal]);
  expect(codes.sort()).toEqual(['malformed', 'unauthorized']);
  expect(sink.spans.every(({ status }) => status === 0)).toBe(true);
});

test('parents decide, up to a hundred a second; the others are counted', async () => {
  await using sink = await startOtlpSink();
  await using folder = await temporaryFolder();
  await using weir = await startWeir({ dataDir: folder.path, env: envOf(sink) });
  const unsampled = sampled.replace(/01$/, '00');
  expect((await post(weir, event, { headers: { traceparent: unsampled } })).status).toBe(202);
  const replies = Array.from({ length: 250 }, () =>
    post(weir, event, { headers: { traceparent: sampled } }),
  );
  for (const { status } of await Promise.all(replies)) expect(status).toBe(202);
  const started = await readMetric(weir.adminUrl, 'weir_traces_started_total');
  const capped = await readMetric(weir.adminUrl, 'weir_traces_capped_total');
  expect(started + capped).toBe(250);
  expect(capped).toBeGreaterThan(0);
  const both = [spanNames.request, spanNames.deliver];
  await eventually('all spans of the traced', () =>
    both.every((name) => named(sink.spans, name).length >= started) ? true : undefined,
  );
  // A request beyond the cap leaves nothing, not even when it is delivered.
  expect(named(sink.spans, spanNames.request)).toHaveLength(started);
  expect(named(sink.spans, spanNames.deliver)).toHaveLength(started);
});

test('metrics reach the collector as they stand in /metrics', async () => {
  await using sink = await startOtlpSink();
  await using folder = await temporaryFolder();
  await using weir = await startWeir({ dataDir: folder.path, env: envOf(sink) });
  await post(weir, `[${event},${event}]`);
  await eventually('two events', () => sink.metrics.get('weir.events.accepted') === 2 || undefined);
  await eventually('one stored segment', () =>
    sink.metrics.get('weir.ledger.events{term="stored"}') === 2 ? true : undefined,
  );
  expect(sink.metrics.get('weir.requests{code="accepted"}')).toBe(1);
  expect(sink.metrics.get('weir.accept.seconds')).toBe(1);
  const conventional =
    '{http.request.method="POST",http.route="/v1/events",http.response.status_code="202",url.scheme="http"}';
  expect(sink.metrics.get(`http.server.request.duration${conventional}`)).toBe(1);
  expect(sink.metrics.get('weir.ledger.difference')).toBe(0);
});

test.concurrent.each(['slow', 'refusing', 'dead'] as const)(
  'a collector that is %s changes nothing for senders',
  async (mood) => {
    const sink = await startOtlpSink();
    await using folder = await temporaryFolder();
    const env = envOf(sink, { OTEL_TRACES_SAMPLER_ARG: '1', OTEL_BSP_MAX_QUEUE_SIZE: '600' });
    await using weir = await startWeir({ dataDir: folder.path, env });
    if (mood === 'dead') await sink[Symbol.asyncDispose]();
    else sink.mood = mood;
    for (let round = 0; round < 6; round += 1) {
      const replies = await Promise.all(Array.from({ length: 100 }, () => post(weir, event)));
      expect(replies.every(({ status }) => status === 202)).toBe(true);
    }
    const startedMs = performance.now();
    expect(await weir.end('SIGTERM')).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    if (mood !== 'dead') await sink[Symbol.asyncDispose]();
  },
);

test("without an endpoint nothing of it is loaded, and a sender's context still lies in the record", async () => {
  await using folder = await temporaryFolder();
  const program = new URL('./support/list-modules-weir.ts', import.meta.url).pathname;
  await using weir = await startWeir({ dataDir: folder.path, program, args: [] });
  expect((await post(weir, event, { headers: { traceparent: sampled } })).status).toBe(202);
  expect(await weir.end('SIGTERM')).toBe(0);
  expect(weir.output()).toContain('modules of OpenTelemetry: 0');
});
