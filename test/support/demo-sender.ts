import { IngestClient } from '@weir/client';

// One of the senders of `npm run demo`: makes events faster than its quota bears, through the client, for
// as long as its argument says, and tells twice a second how it goes, in a line of JSON each. Where
// OTEL_EXPORTER_OTLP_ENDPOINT is set it traces as its users' programs do.

const [seconds = '10', perSecond = '150'] = process.argv.slice(2);
const everyMs = 500;
const stepMs = 20;

const tracing = await startTracing();
const client = new IngestClient({
  maxBatchEvents: 50,
  lingerMs: 50,
  overflow: 'block',
  ...(tracing && { tracing: tracing.tracing }),
});
let pace: number | undefined;
client.on('throttle', ({ perSecond: now }) => {
  pace = now ?? pace;
});

const telling = setInterval(tell, everyMs);
const endMs = performance.now() + 1_000 * Number(seconds);
const startMs = performance.now();
let made = 0;
while (performance.now() < endMs) {
  const due = Math.floor(((performance.now() - startMs) / 1_000) * Number(perSecond));
  for (; made < due; made += 1) client.track('page.viewed', { n: made, sender: process.pid });
  await new Promise((later) => setTimeout(later, stepMs));
}
if (tracing) await client.send('demo.ended', { made }); // one with a span of its own
await client.close({ timeoutMs: 120_000 });
clearInterval(telling);
tell();
await tracing?.stop();

function tell(): void {
  const { queued, acked, inMemory, requests, rateLimited, retries, dropped } = client.stats();
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  const facts = { queued, acked, inMemory, requests, rateLimited, retries, dropped: lost, pace };
  process.stdout.write(`${JSON.stringify(facts)}\n`);
}

async function startTracing() {
  if (process.env.OTEL_EXPORTER_OTLP_ENDPOINT === undefined) return undefined;
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const { openTelemetry } = await import('@weir/client/otel');
  const nothing = { metricReaders: [], logRecordProcessors: [], instrumentations: [] };
  const sdk = new NodeSDK({ serviceName: 'demo', autoDetectResources: false, ...nothing });
  sdk.start();
  return { tracing: openTelemetry(), stop: () => sdk.shutdown() };
}
