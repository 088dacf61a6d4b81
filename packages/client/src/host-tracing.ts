import type { Tracing } from './tracing.ts';

/** Spans of the host's OpenTelemetry; none where it has registered none. */
export function hostTracing(): Tracing | undefined {
  return undefined;
}
