import { ValueType } from '@opentelemetry/api';
import { DataPointType } from '@opentelemetry/sdk-metrics';
import { allMetrics, spoolMetrics, takingMetrics } from '@weir/core/telemetry-names';
import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { formatMetric, Histogram } from '../metrics/metric-kinds.ts';
import { otlpName, producerOf } from './otlp-metrics.ts';

async function collect(text: string) {
  const producer = producerOf(() => text, new VirtualWorld({ seed: 1 }));
  const { resourceMetrics, errors } = await producer.collect();
  expect(errors).toEqual([]);
  return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
}

test('a counter is a sum that only grows, with its labels as they were before escaping', async () => {
  const nasty = 'a"b\\c\nd';
  const text = formatMetric(takingMetrics.requests, [
    { labels: [nasty], value: 3 },
    { labels: ['ok'], value: 0 },
  ]);
  const [metric] = await collect(text);
  expect(metric).toMatchObject({
    descriptor: { name: 'weir.requests', unit: '1', valueType: ValueType.DOUBLE },
    dataPointType: DataPointType.SUM,
    isMonotonic: true,
    dataPoints: [
      { attributes: { code: nasty }, value: 3 },
      { attributes: { code: 'ok' }, value: 0 },
    ],
  });
});

test('a gauge is a gauge', async () => {
  const [metric] = await collect(formatMetric(spoolMetrics.bytes, [{ labels: [], value: 1.5e9 }]));
  expect(metric).toMatchObject({
    descriptor: { name: 'weir.spool.bytes', unit: 'By' },
    dataPointType: DataPointType.GAUGE,
    dataPoints: [{ attributes: {}, value: 1.5e9 }],
  });
});

test('a histogram has the counts between its bounds, their sum and number', async () => {
  const histogram = new Histogram([1_000, 5_000], 1_000_000);
  for (const value of [500, 1_000, 3_000, 9_000]) histogram.observe(value);
  const [metric] = await collect(histogram.format(takingMetrics.acceptSeconds));
  expect(metric).toMatchObject({
    descriptor: { name: 'weir.accept.seconds', unit: 's' },
    dataPointType: DataPointType.HISTOGRAM,
    dataPoints: [
      {
        value: {
          buckets: { boundaries: [0.001, 0.005], counts: [2, 1, 1] },
          sum: 0.0135,
          count: 4,
        },
      },
    ],
  });
});

test('what is not in the table of metrics is passed over', async () => {
  expect(await collect('# HELP x y\nx 1\nnot a line at all\n\n')).toEqual([]);
});

test('no two metrics have one name on the wire', () => {
  const names = Object.keys(allMetrics).map(otlpName);
  expect(names.filter((name, place) => names.indexOf(name) !== place)).toEqual([]);
});
