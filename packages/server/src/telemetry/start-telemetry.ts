import { traceMetrics } from '@weir/core/telemetry-names';
import type { World } from '@weir/core/world/world';
import type { Handler } from 'hono';
import type { Settings } from '../config.ts';
import type { DeliveryEvents } from '../delivery/delivery-events.ts';
import { type IngestDeps, ingest } from '../ingest.ts';
import type { Log } from '../log.ts';
import { formatValue } from '../metrics/metric-kinds.ts';
import type { AppEnv } from '../request.ts';
import type { Store } from '../store/store.ts';

/** What of the server is traced, and how. */
export interface Telemetry {
  /** The handler of the events route. */
  readonly ingest: (deps: IngestDeps) => Handler<AppEnv>;
  readonly listeners: readonly Partial<DeliveryEvents>[];
  /** Must be around the store that deliveries write to. */
  readonly wrapStore: (store: Store) => Store;
  /** The trace of a receipt that this process gave lately. */
  traceOf(receipt: string): string | undefined;
  /** In Prometheus' text format. */
  format(): string;
  stop(): Promise<void>;
}

export interface TelemetryDeps {
  readonly world: World;
  readonly log: Log;
  /** Gives the text of `/metrics`, as soon as there is one. */
  readonly shown: { readonly metrics: () => string };
}

const off: Telemetry = {
  ingest,
  listeners: [],
  wrapStore: (store) => store,
  traceOf: () => undefined,
  format: () => formatTraces(0, 0),
  stop: async () => {},
};

/** Traces and exported metrics, where an endpoint is set; otherwise nothing of it is even loaded. */
export async function startTelemetry(settings: Settings, deps: TelemetryDeps): Promise<Telemetry> {
  if (settings.otlpEndpoint === undefined) return off;
  const { traceServer } = await import('./trace-server.ts');
  const { openTelemetry } = await import('./open-telemetry.ts');
  const { world, log } = deps;
  const readMetrics = settings.otlpMetrics === 'none' ? undefined : () => deps.shown.metrics();
  const running = openTelemetry({ world, log, readMetrics });
  const { origin: endpoint } = new URL(settings.otlpEndpoint);
  log.info({ endpoint, ratio: settings.traceRatio }, 'traces are sent');
  const traced = traceServer(settings, { world, log, ...running });
  return {
    ...traced,
    format: () => formatTraces(traced.lots.started, traced.lots.capped),
    stop() {
      traced.tellAll();
      return running.stop();
    },
  };
}

/** In Prometheus' text format. */
export function formatTraces(started: number, capped: number): string {
  return formatValue(traceMetrics.started, started) + formatValue(traceMetrics.capped, capped);
}
