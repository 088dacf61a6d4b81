import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { attributeNames as names, spanNames } from '@weir/core/server-spans';
import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { mostWaiting, RequestSpans } from './request-spans.ts';
import { RequestTrace } from './request-trace.ts';
import { SpanIds } from './span-ids.ts';

function setUp() {
  const world = new VirtualWorld({ seed: 1 });
  const ids = new SpanIds(world);
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [new SimpleSpanProcessor({ exporter })];
  const tracer = new TracerProvider({ idGenerator: ids, spanProcessors }).getTracer('weir');
  const spans = new RequestSpans({ tracer, ids, world });
  return { world, spans, told: () => exporter.getFinishedSpans() };
}

const sampled = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

test('a span has the ids that its record carried on, and the times at which it happened', async () => {
  const { world, spans, told } = setUp();
  const request = new RequestTrace({}, world);
  const atMs = world.date();
  const safe = new Promise<never>((resolve) => world.after(5, resolve as () => void));
  const appended = request.appended(
    1,
    20,
    safe.then(() => receipt),
  );
  world.advance(5);
  await appended;
  request.accepted(receipt);
  world.advance(2);
  request.ended(202);
  spans.add(request);
  spans.tellAll();

  const [append, own] = told();
  expect(own?.spanContext()).toMatchObject({ traceId: request.traceId, spanId: request.spanId });
  expect(request.traceparent).toBe(`00-${request.traceId}-${request.spanId}-01`);
  expect(own?.parentSpanContext).toBeUndefined();
  expect(append?.name).toBe(spanNames.append);
  expect(append?.spanContext().traceId).toBe(request.traceId);
  expect(append?.parentSpanContext?.spanId).toBe(request.spanId);
  expect([msOf(own?.startTime), msOf(own?.endTime)]).toEqual([atMs, atMs + 7]);
  expect([msOf(append?.startTime), msOf(append?.endTime)]).toEqual([atMs, atMs + 5]);
  expect(own?.attributes).toMatchObject({ [names.status]: 202, [names.receipt]: receipt.receipt });
});

test("a sender's trace goes on, whatever became of the request", () => {
  const { world, spans, told } = setUp();
  const request = new RequestTrace({ traceparent: sampled }, world);
  request.failed(new TypeError('with a secret in it'));
  spans.add(request);
  spans.tellAll();
  const [span] = told();
  expect(span?.spanContext().traceId).toBe('a'.repeat(32));
  expect(span?.parentSpanContext).toMatchObject({ spanId: 'b'.repeat(16), isRemote: true });
  expect(span?.status.code).toBe(2);
  expect(span?.attributes).toMatchObject({ [names.errorType]: 'TypeError', [names.status]: 500 });
  expect(JSON.stringify(span?.attributes)).not.toContain('secret');
});

test('each request is told once: when many wait, after a while, or on demand', () => {
  const { world, spans, told } = setUp();
  const add = (count: number): void => {
    for (let i = 0; i < count; i += 1) spans.add(new RequestTrace({}, world));
  };
  add(mostWaiting - 1);
  expect(told()).toHaveLength(0);
  add(1);
  expect(told()).toHaveLength(mostWaiting);
  add(1);
  world.advance(249);
  expect(told()).toHaveLength(mostWaiting);
  world.advance(1);
  expect(told()).toHaveLength(mostWaiting + 1);
  add(2);
  spans.tellAll();
  world.advance(1_000);
  expect(told()).toHaveLength(mostWaiting + 3);
  expect(new Set(told().map((span) => span.spanContext().spanId)).size).toBe(mostWaiting + 3);
});

const receipt = { receipt: 'w-1-1', accepted: 1, rejected: [] };

function msOf(time: readonly [number, number] | undefined): number {
  const [seconds = 0, nanoseconds = 0] = time ?? [];
  return seconds * 1_000 + nanoseconds / 1e6;
}
