import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { attributeNames as names, spanNames } from '@weir/core/server-spans';
import { formatReceipt } from '@weir/core/wire/receipt';
import type { Ms, World } from '@weir/core/world/world';
import type { Delivery, DeliveryEvents } from '../delivery/delivery-events.ts';
import type { Manifest, ManifestObject } from '../delivery/manifest.ts';
import type { PackedTrace } from '../delivery/pack.ts';
import type { Log } from '../log.ts';
import { deadKey, manifestKey } from '../object-key.ts';
import { parentOf, spanContextOf } from './span-context.ts';
import type { NotedStore, WriteNote } from './write-notes.ts';

export interface DeliveryTraceDeps {
  readonly tracer: Tracer;
  readonly world: World;
  readonly notes: Pick<NotedStore, 'take'>;
  /** Absent where objects lie in a folder. */
  readonly bucket: string | undefined;
  readonly log: Pick<Log, 'debug'>;
}

/**
 * Tells the delivery of a segment once its manifest is written, where some of its requests were
 * sampled: a trace of its own with every write, and in the trace of each such request (128 a segment
 * at most) what became of it. The two link to each other. It costs nothing before that moment.
 */
export function deliveryTrace(deps: DeliveryTraceDeps): Pick<DeliveryEvents, 'delivered'> {
  return {
    delivered(delivery) {
      const writes = writesOf(delivery.manifest, deps.notes); // also where nobody will be told
      if (delivery.traces.length > 0) tell(delivery, writes, deps);
    },
  };
}

interface Write extends WriteNote {
  readonly key: string;
  /** Of the same key, before this one. */
  readonly earlierTries: number;
}

function writesOf(manifest: Manifest, notes: DeliveryTraceDeps['notes']): Write[] {
  const { writer, segment, objects } = manifest;
  const keys = objects.flatMap(({ key, state }, place) =>
    state === 'dead' ? [key, deadKey(writer, segment, place)] : [key],
  );
  keys.push(manifestKey(writer, segment));
  return keys.flatMap((key) =>
    notes.take(key).map((note, earlierTries) => ({ ...note, key, earlierTries })),
  );
}

function tell(delivery: Delivery, writes: readonly Write[], deps: DeliveryTraceDeps): void {
  const { manifest, traces, tookMs } = delivery;
  const { tracer, world, log } = deps;
  const endMs = world.date();
  const startMs = endMs - tookMs;
  const batch = startBatch(manifest, startMs, tracer);
  const within = trace.setSpan(ROOT_CONTEXT, batch);
  for (const write of writes) tellWrite(write, within, deps);

  const during = { startMs, endMs };
  for (const packed of traces) {
    const span = startDeliver(packed, { manifest, batch, during }, deps);
    if (span === undefined) continue;
    batch.addLink({ context: span.spanContext() });
    span.end(endMs);
  }
  batch.end(endMs);
  const { traceId, spanId } = batch.spanContext();
  const { writer, segment } = manifest;
  log.debug({ trace_id: traceId, span_id: spanId, writer, segment }, 'a delivery was traced');
}

function startBatch({ writer, segment, objects }: Manifest, startTime: Ms, tracer: Tracer): Span {
  const attributes = {
    [names.messagingSystem]: 'weir',
    [names.messagingType]: 'process',
    [names.messagingOperation]: 'process',
    [names.messagingDestination]: 'spool',
    [names.messageCount]: objects.reduce((sum, { events }) => sum + events, 0),
    [names.writer]: writer,
    [names.segment]: segment,
  };
  const options = { kind: SpanKind.CONSUMER, root: true, startTime, attributes };
  return tracer.startSpan(spanNames.batch, options, ROOT_CONTEXT);
}

function tellWrite(write: Write, within: Context, { tracer, bucket }: DeliveryTraceDeps): void {
  const { key, startedAtMs, tookMs, bytes, outcome, earlierTries } = write;
  const place = bucket === undefined ? {} : { [names.bucket]: bucket, [names.s3Key]: key };
  const attributes = {
    ...place,
    [names.objectKey]: key,
    [names.bytes]: bytes,
    [names.outcome]: outcome,
    ...(earlierTries > 0 && { [names.resendCount]: earlierTries }),
  };
  const options = { kind: SpanKind.CLIENT, startTime: startedAtMs, attributes };
  const name = bucket === undefined ? spanNames.write : spanNames.put;
  const span = tracer.startSpan(name, options, within);
  if (outcome !== 'created' && outcome !== 'same') {
    span.setAttribute(names.errorType, outcome);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end(startedAtMs + tookMs);
}

interface Told {
  readonly manifest: Manifest;
  readonly batch: Span;
  readonly during: { readonly startMs: Ms; readonly endMs: Ms };
}

function startDeliver(
  { traceparent, ordinal, object }: PackedTrace,
  { manifest, batch, during }: Told,
  { tracer, bucket }: DeliveryTraceDeps,
): Span | undefined {
  const parent = spanContextOf(traceparent);
  if (parent === undefined) return undefined;
  const { writer, segment, objects } = manifest;
  const { key, state } = objects[object] as ManifestObject;
  const attributes = {
    [names.receipt]: formatReceipt({ writer, segment, ordinal }),
    [names.objectKey]: key,
    [names.objectState]: state,
    ...(bucket !== undefined && { [names.bucket]: bucket, [names.s3Key]: key }),
  };
  const links = [{ context: batch.spanContext() }];
  const options = { kind: SpanKind.CONSUMER, startTime: during.startMs, attributes, links };
  return tracer.startSpan(spanNames.deliver, options, parentOf(parent));
}
