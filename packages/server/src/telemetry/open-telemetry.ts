import { DiagLogLevel, diag, type Tracer, trace } from '@opentelemetry/api';
import { OTLPMetricExporter as JsonMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtoMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import {
  defaultResource,
  envDetector,
  hostDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources';
import { PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { AlwaysOnSampler } from '@opentelemetry/sdk-trace';
import type { Ms, World } from '@weir/core/world/world';
import { environment } from '../config.ts';
import type { Log } from '../log.ts';
import { producerOf } from './otlp-metrics.ts';
import { SpanIds } from './span-ids.ts';

export interface OpenTelemetryDeps {
  readonly world: World;
  readonly log: Log;
  /** The text of `/metrics`, now; undefined where metrics are not pushed. */
  readonly readMetrics: (() => string) | undefined;
}

/** OpenTelemetry as it runs. */
export interface RunningTelemetry {
  readonly tracer: Tracer;
  readonly ids: SpanIds;
  /** Sends what waits, for two seconds at most. */
  stop(): Promise<void>;
}

const defaultExportMs: Ms = 60_000;
const stopWithinMs: Ms = 2_000;

/**
 * Starts the SDK. It reads its `OTEL_` variables by itself: endpoint, protocol, headers, the bounds of
 * its queue (2,048 spans; what comes beyond is dropped). Which requests are traced is not its matter.
 * A collector that does not answer is told in the log, once a minute, and changes nothing else.
 */
export function openTelemetry({ world, log, readMetrics }: OpenTelemetryDeps): RunningTelemetry {
  diag.setLogger(quietDiag(world, log), { logLevel: DiagLogLevel.WARN });
  const ids = new SpanIds(world);
  const sdk = new NodeSDK({
    idGenerator: ids,
    sampler: new AlwaysOnSampler(), // the lot was drawn before
    // Not the SDK's own choice of detectors, which tells the command line.
    resource: defaultResource().merge(resourceFromAttributes({ 'service.name': 'weir' })),
    resourceDetectors: [envDetector, hostDetector, serviceInstanceIdDetector],
    metricReaders: readMetrics === undefined ? [] : [readerOf(readMetrics, world)],
    logRecordProcessors: [],
    instrumentations: [],
    textMapPropagator: null,
  });
  sdk.start();
  return {
    tracer: trace.getTracer('weir'),
    ids,
    async stop() {
      await Promise.race([sdk.shutdown().catch(() => {}), after(world, stopWithinMs)]);
      trace.disable();
      diag.disable();
    },
  };
}

function readerOf(readMetrics: () => string, world: World): PeriodicExportingMetricReader {
  const exportIntervalMillis = Number(environment.OTEL_METRIC_EXPORT_INTERVAL) || defaultExportMs;
  const timeoutMs = Number(environment.OTEL_METRIC_EXPORT_TIMEOUT) || exportIntervalMillis;
  const {
    OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: own,
    OTEL_EXPORTER_OTLP_PROTOCOL: common = 'http/protobuf',
  } = environment;
  const isJson = (own ?? common) === 'http/json';
  return new PeriodicExportingMetricReader({
    exporter: isJson ? new JsonMetricExporter() : new ProtoMetricExporter(),
    exportIntervalMillis,
    exportTimeoutMillis: Math.min(timeoutMs, exportIntervalMillis),
    metricProducers: [producerOf(readMetrics, world)],
  });
}

const quietMs: Ms = 60_000;

/** What the SDK has to say of itself, once a minute: it repeats itself with every batch. */
function quietDiag(world: World, log: Log) {
  let nextMs: Ms = -Infinity;
  const say = (message: string): void => {
    if (world.now() < nextMs) return;
    nextMs = world.now() + quietMs;
    log.warn({ reason: message.slice(0, 500) }, 'telemetry could not be sent, or not all of it');
  };
  const ignore = (): void => {};
  return { error: say, warn: say, info: ignore, debug: ignore, verbose: ignore };
}

function after(world: World, ms: Ms): Promise<void> {
  return new Promise((resolve) => {
    world.after(ms, resolve);
  });
}
