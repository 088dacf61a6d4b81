import type { Tracing } from './tracing.ts';

/** Where @opentelemetry/api keeps what the host has registered. */
const registered = Symbol.for('opentelemetry.js.api.1');

let loaded: Tracing | undefined;
let isLoading = false;

/** Spans of the host's OpenTelemetry; undefined where it has none, or while it is being loaded. */
export function hostTracing(): Tracing | undefined {
  if (loaded !== undefined || isLoading) return loaded;
  const host = (globalThis as unknown as Record<symbol, { trace?: unknown } | undefined>)[
    registered
  ];
  if (host?.trace === undefined) return undefined;
  isLoading = true;
  import('./otel.ts').then(
    ({ openTelemetry }) => {
      loaded = openTelemetry();
    },
    () => {}, // registered by a copy that is not ours to import: then there are no spans
  );
  return undefined;
}
