// biome-ignore-all lint/performance/noBarrelFile: an entry of the package, name by name

import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  type Link,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { senderSpans as names } from '@weir/core/sender-spans';
import type { Answer } from './attempt.ts';
import type { Item } from './item.ts';
import type { BatchSpan, SendSpan, Tracing } from './tracing.ts';

export { type Observed, observeMetrics } from './otel-metrics.ts';
export type { BatchSpan, SendSpan, Tracing } from './tracing.ts';

const mostLinks = 128; // the SDK keeps no more
const pattern = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
/** The key that `suppressTracing` of @opentelemetry/core sets: our own requests need no spans of others. */
const suppressed = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/**
 * Spans by the OpenTelemetry that the host has registered: one for each `send`, from the call to its
 * acknowledgement, and one for each batch, child of its first sampled `send`. The client loads this
 * by itself where one is registered; give it as the option `tracing` to be sure from the first call.
 *
 * @example
 * const client = new IngestClient({ tracing: openTelemetry() });
 */
export function openTelemetry(): Tracing {
  const tracer = trace.getTracer(names.scope);
  return {
    startSend: (type) => startSend(tracer, type),
    startBatch: (items, key) => startBatch(tracer, items, key),
  };
}

function startSend(tracer: Tracer, type: string): SendSpan | undefined {
  const attributes: Attributes = {
    [names.messagingSystem]: names.system,
    [names.messagingType]: 'create',
    [names.messagingDestination]: type,
  };
  const span = tracer.startSpan(names.send, { kind: SpanKind.PRODUCER, attributes });
  return {
    traceparent: traceparentOf(span.spanContext()),
    ended: (receipt, error) => {
      if (receipt !== undefined) span.setAttribute(names.receipt, receipt);
      if (error !== undefined) {
        span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) });
      }
      span.end();
    },
  };
}

function startBatch(tracer: Tracer, items: readonly Item[], key: string): BatchSpan | undefined {
  const parents: SpanContext[] = [];
  for (const { traceparent } of items) {
    const parent = traceparent === undefined ? undefined : spanContextOf(traceparent);
    if (parent !== undefined) parents.push(parent);
    if (parents.length > mostLinks) break;
  }
  const [first, ...others] = parents;
  if (first === undefined) return undefined;
  const links: Link[] = others.map((one) => ({ context: one }));
  const attributes: Attributes = {
    [names.messagingSystem]: names.system,
    [names.messagingType]: 'send',
    [names.messageCount]: items.length,
    [names.idempotencyKey]: key,
  };
  const parent: Context = trace.setSpanContext(ROOT_CONTEXT, first);
  const options = { kind: SpanKind.CLIENT, attributes, links };
  const span = tracer.startSpan(names.batch, options, parent);
  return {
    traceparent: traceparentOf(span.spanContext()),
    run: (task) => context.with(context.active().setValue(suppressed, true), task),
    attempted: (answer: Answer, attempts: number) => {
      if (attempts > 1) span.setAttribute(names.resendCount, attempts - 1);
      if (answer.is === 'taken') {
        span.setAttribute(names.receipt, answer.receipt);
      } else {
        span.addEvent(names.refused, { code: answer.code, attempt: attempts });
      }
    },
    end: () => span.end(),
  };
}

/** undefined where the span is not sampled: then nobody need know of it. */
function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string | undefined {
  if ((traceFlags & 1) === 0) return undefined;
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

function spanContextOf(traceparent: string): SpanContext | undefined {
  const found = pattern.exec(traceparent);
  if (found === null) return undefined;
  const [, traceId, spanId, flags] = found as unknown as [string, string, string, string];
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}
