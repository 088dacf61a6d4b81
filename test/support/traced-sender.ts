import { SpanKind, trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { IngestClient } from '@weir/client';
import { openTelemetry } from '@weir/client/otel';

// A host that traces what it does, and sends an event in the middle of it. Endpoint, protocol and key
// come from the environment. Says in one line of JSON which trace it was, and the receipt.

const sdk = new NodeSDK({
  serviceName: 'checkout',
  metricReaders: [],
  logRecordProcessors: [],
  instrumentations: [],
  autoDetectResources: false,
});
sdk.start();
const client = new IngestClient({ tracing: openTelemetry(), lingerMs: 0 });
await client.send('warm.up', {}); // the first one waits for code to be compiled, on both sides
const traceId = await trace
  .getTracer('checkout')
  .startActiveSpan('pay order', { kind: SpanKind.SERVER }, async (span) => {
    const receipt = await client.send('order.paid', { n: 1, note: 'content-stays-secret' });
    span.end();
    const { traceId } = span.spanContext();
    process.stdout.write(`${JSON.stringify({ traceId, receipt: receipt.id })}\n`);
    return traceId;
  });
await client.close();
await sdk.shutdown();
if (traceId === '') process.exitCode = 1;
