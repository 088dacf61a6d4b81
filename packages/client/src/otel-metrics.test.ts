import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ClientEvents } from './client-events.ts';
import { ClientWorld, ended, first, refusal } from './client-world.model.ts';
import { observeMetrics } from './otel-metrics.ts';

const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
const provider = new MeterProvider({ readers: [reader] });
beforeAll(() => metrics.setGlobalMeterProvider(provider));
afterAll(async () => {
  metrics.disable();
  await provider.shutdown();
});

/** The newest value of each series, by name and attributes. */
async function collect(): Promise<Record<string, number>> {
  exporter.reset();
  await reader.forceFlush();
  const all = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
  const points = all.flatMap((scope) =>
    scope.metrics.flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => {
        const labels = Object.values(attributes).join();
        return [labels === '' ? descriptor.name : `${descriptor.name} ${labels}`, value] as const;
      }),
    ),
  );
  return Object.fromEntries(points) as Record<string, number>;
}

test('the books of a client are told as they stand', async () => {
  const at = new ClientWorld(
    first([refusal(429, 'rate_limited', { headers: { 'retry-after': '1' } })]),
  );
  const client = at.client();
  const stop = observeMetrics(client);
  await ended(at, Promise.all([client.send('a', 1), client.send('b', 2)]));

  const { queued, acked, requests, rateLimited, retries } = client.stats();
  expect(await collect()).toMatchObject({
    'weir.client.events.queued': queued,
    'weir.client.events.settled acked': acked,
    'weir.client.events.settled rejected': 0,
    'weir.client.queue.events': 0,
    'weir.client.requests': requests,
    'weir.client.retries': retries,
    'weir.client.rate_limited': rateLimited,
  });
  expect([queued, acked, rateLimited]).toEqual([2, 2, 1]);
  stop();
});

test('pace and delay are those that the throttle said last; drops have their reason', async () => {
  let say = (_event: ClientEvents['throttle']): void => {};
  const stats = new ClientWorld(first([])).client().stats();
  let asked = 0;
  const stop = observeMetrics({
    stats() {
      asked += 1;
      return { ...stats, dropped: { queue_full: 3 } };
    },
    on(_name, listener) {
      say = listener;
      return () => {};
    },
  });
  expect(await collect()).not.toHaveProperty(['weir.client.pace']);
  say({ waitMs: 250, waitingFor: 'pace', perSecond: 8 });
  expect(await collect()).toMatchObject({
    'weir.client.pace': 8,
    'weir.client.delay': 0.25,
    'weir.client.events.settled dropped,queue_full': 3,
  });
  stop();
  const before = asked;
  await collect();
  expect(asked, 'nobody is asked any more').toBe(before);
});
