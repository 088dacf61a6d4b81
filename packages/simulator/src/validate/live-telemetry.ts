import type { IngestClient } from '@weir/client';
import type { Tracing } from '@weir/client/otel';
import { systemWorld } from '@weir/core/world/system';

/** OpenTelemetry of a process that sends. */
export interface LiveTelemetry {
  /** For the client's options. */
  readonly tracing: Tracing | undefined;
  /** Hands over the client's books whenever metrics are sent. */
  observe(client: IngestClient): void;
  /** Sends what waits, for two seconds at most. */
  stop(): Promise<void>;
}

const off: LiveTelemetry = { tracing: undefined, observe: () => {}, stop: async () => {} };
const stopWithinMs = 2_000;

/**
 * Traces and metrics of what is sent to a live server, where `OTEL_EXPORTER_OTLP_ENDPOINT` is set;
 * otherwise nothing of it is loaded. The SDK reads its other variables itself.
 */
export async function startLiveTelemetry(): Promise<LiveTelemetry> {
  // biome-ignore lint/style/noProcessEnv: a variable of OpenTelemetry, which reads it here as well
  if (!process.env.OTEL_EXPORTER_OTLP_ENDPOINT) return off;
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const { envDetector, resourceFromAttributes } = await import('@opentelemetry/resources');
  const { observeMetrics, openTelemetry } = await import('@weir/client/otel');
  const sdk = new NodeSDK({
    resource: resourceFromAttributes({ 'service.name': 'weir-sim' }),
    resourceDetectors: [envDetector], // others tell the command line, and with it the key
    logRecordProcessors: [],
    instrumentations: [],
  });
  sdk.start();
  return {
    tracing: openTelemetry(),
    observe: (client) => void observeMetrics(client),
    async stop() {
      const late = new Promise<void>((resolve) => systemWorld.after(stopWithinMs, resolve));
      await Promise.race([sdk.shutdown().catch(() => {}), late]);
    },
  };
}
