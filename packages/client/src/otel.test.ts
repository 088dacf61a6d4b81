import { trace } from '@opentelemetry/api';
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ClientWorld, cutOff, ended, first, refusal, unreachable } from './client-world.model.ts';
import { openTelemetry } from './otel.ts';

const exporter = new InMemorySpanExporter();
beforeAll(() => {
  const spanProcessors = [new SimpleSpanProcessor({ exporter })];
  trace.setGlobalTracerProvider(
    new TracerProvider({ sampler: new AlwaysOnSampler(), spanProcessors }),
  );
});
afterAll(() => trace.disable());

test('each send has a span, and the batch one that is a child of the first and links the others', async () => {
  exporter.reset();
  const at = new ClientWorld(first([cutOff]));
  const client = at.client({ tracing: openTelemetry() });
  client.track('silent', 1);

  const sent = Promise.all([client.send('a', 1), client.send('b', 2), client.send('c', 3)]);
  const [receipt] = await ended(at, sent);

  const spans = exporter.getFinishedSpans();
  const sends = spans.filter(({ name }) => name === 'weir send');
  const batch = spans.find(({ name }) => name === 'weir send batch');
  expect(sends).toHaveLength(3);
  expect(batch?.parentSpanContext?.spanId).toBe(sends[0]?.spanContext().spanId);
  expect(batch?.links.map((link) => link.context.spanId)).toEqual(
    sends.slice(1).map((span) => span.spanContext().spanId),
  );
  expect(batch?.attributes).toMatchObject({
    'messaging.batch.message_count': 4,
    'http.request.resend_count': 1,
    'weir.receipt': receipt.id,
  });
  expect(sends[0]?.attributes['weir.receipt']).toBe(receipt.id);

  const [, retried] = at.seen;
  expect(retried?.headers.traceparent).toContain(batch?.spanContext().spanId);
  const marks = retried?.events.map((event) => (event as { traceparent?: string }).traceparent);
  expect(marks?.[0]).toBe(undefined);
  expect(marks?.[1]).toContain(sends[0]?.spanContext().spanId);
});

test('a send that fails says why in its span, and without sampled sends there is no batch span', async () => {
  exporter.reset();
  const at = new ClientWorld(first([refusal(400, 'malformed'), unreachable]));
  const client = at.client({ tracing: openTelemetry() });
  const failed = client.send('a', 1);
  await expect(ended(at, failed)).rejects.toMatchObject({ code: 'malformed' });
  const span = exporter.getFinishedSpans().find(({ name }) => name === 'weir send');
  expect(span?.status).toMatchObject({ message: expect.stringContaining('malformed') });

  exporter.reset();
  client.track('b', 2);
  await at.runTo(at.world.now() + 60_000);
  expect(exporter.getFinishedSpans()).toEqual([]);
});
