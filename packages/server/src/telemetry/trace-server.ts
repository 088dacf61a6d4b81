import type { Tracer } from '@opentelemetry/api';
import type { World } from '@weir/core/world/world';
import type { Settings } from '../config.ts';
import type { Log } from '../log.ts';
import { deliveryTrace } from './delivery-trace.ts';
import { RecentTraces } from './recent-traces.ts';
import { RequestSpans } from './request-spans.ts';
import type { SpanIds } from './span-ids.ts';
import type { Telemetry } from './start-telemetry.ts';
import { TraceLots } from './trace-lots.ts';
import { tracedIngest } from './traced-ingest.ts';
import { NotedStore, type WriteNote } from './write-notes.ts';

export interface TraceServerDeps {
  readonly world: World;
  readonly log: Log;
  readonly tracer: Tracer;
  readonly ids: SpanIds;
}

/** What is put around a server's parts so that sampled requests are told from header to object. */
export type TracedServer = Pick<Telemetry, 'ingest' | 'listeners' | 'wrapStore' | 'traceOf'> & {
  readonly lots: TraceLots;
  /** Hands over what has ended and waits to be told. */
  tellAll(): void;
};

export function traceServer(
  {
    traceRatio,
    traceOnRequest,
    s3Bucket,
  }: Pick<Settings, 'traceRatio' | 'traceOnRequest' | 's3Bucket'>,
  { world, log, tracer, ids }: TraceServerDeps,
): TracedServer {
  const lots = new TraceLots(world, { ratio: traceRatio, onRequest: traceOnRequest });
  const recent = new RecentTraces();
  const spans = new RequestSpans({ tracer, ids, world });
  let noted: NotedStore | undefined;
  const notes = { take: (key: string): readonly WriteNote[] => noted?.take(key) ?? [] };
  return {
    lots,
    ingest: (deps) => tracedIngest(deps, { lots, spans, recent, world, log }),
    listeners: [deliveryTrace({ tracer, world, notes, bucket: s3Bucket, log })],
    wrapStore(store) {
      noted = new NotedStore(store, world);
      return noted;
    },
    traceOf: (receipt) => recent.of(receipt),
    tellAll: () => spans.tellAll(),
  };
}
