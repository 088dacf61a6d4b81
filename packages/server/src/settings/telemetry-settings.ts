/** The settings of traces and exported metrics: rows of the one table in config.ts. */
export const telemetrySettings = {
  otlpEndpoint: {
    env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    kind: 'text',
    secret: true,
    expected:
      'an address such as http://127.0.0.1:4318, without a password: OTEL_EXPORTER_OTLP_HEADERS is for that',
    about:
      'A collector for traces and metrics (OTLP over HTTP); this alone switches both on. Its SDK reads the other `OTEL_` variables.',
  },
  traceRatio: {
    env: 'OTEL_TRACES_SAMPLER_ARG',
    kind: 'decimal',
    default: 0.01,
    min: 0,
    max: 1,
    about:
      'Share of the requests without a `traceparent` that are traced; a sampled parent always is.',
  },
  otlpMetrics: {
    env: 'OTEL_METRICS_EXPORTER',
    kind: 'choice',
    of: 'otlp|none',
    default: 'otlp',
    about: 'Whether metrics go to the collector as well; `/metrics` shows them in any case.',
  },
  traceOnRequest: {
    env: 'WEIR_TRACE_ON_REQUEST',
    kind: 'switch',
    default: 'off',
    about: 'Whether a request with `Weir-Trace: 1` is always traced, up to 100 a second.',
  },
  jaegerUrl: {
    env: 'JAEGER_URL',
    kind: 'text',
    secret: true,
    expected: 'an address such as http://127.0.0.1:16686, without a password',
    about: 'Where the console page finds the traces of receipts, and links to.',
  },
  jaegerPageUrl: {
    env: 'JAEGER_PAGE_URL',
    kind: 'text',
    secret: true,
    expected: 'an address such as http://127.0.0.1:16686, without a password',
    about:
      'What the console page links to instead, where a browser knows Jaeger by another address.',
  },
  arrivalTrace: {
    env: 'WEIR_ARRIVAL_TRACE',
    kind: 'path',
    expected: 'a file',
    about:
      'Every request that a quota decides on, with tenant, events and bytes, as `weir-sim replay` reads it; off unless set.',
  },
  arrivalTraceBytes: {
    env: 'WEIR_ARRIVAL_TRACE_BYTES',
    kind: 'bytes',
    default: '256 MiB',
    min: '1 KiB',
    max: '512 GiB',
    about: 'The trace of arrivals ends at this size: four million requests in 256 MiB.',
  },
} as const;
