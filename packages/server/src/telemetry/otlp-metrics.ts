import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type CollectionResult,
  DataPointType,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import { attributeNames } from '@weir/core/server-spans';
import { type Metric, semanticLabels, semanticNames } from '@weir/core/telemetry-names';
import type { Ms, World } from '@weir/core/world/world';
import { type HistogramPoint, type Reading, readExposition } from './read-exposition.ts';

/** Which span of time a point speaks of. */
interface Span {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
}

/**
 * Hands the counts behind `/metrics` to an OTLP exporter whenever that asks: no instrument is called
 * on the way of a request.
 *
 * @param read the text of `/metrics`, now
 */
export function producerOf(read: () => string, world: World): MetricProducer {
  const startTime = toHrTime(world.date());
  return {
    collect: async (): Promise<CollectionResult> => {
      const span = { startTime, endTime: toHrTime(world.date()) };
      const metrics = readExposition(read()).map((reading) => toMetricData(reading, span));
      const scope = { name: 'weir' };
      // The reader puts its own resource in the place of this one.
      const resource = {} as CollectionResult['resourceMetrics']['resource'];
      return { resourceMetrics: { resource, scopeMetrics: [{ scope, metrics }] }, errors: [] };
    },
  };
}

function toMetricData(reading: Reading, span: Span): MetricData {
  const { metric } = reading;
  const base = { descriptor: describe(metric), aggregationTemporality: cumulative };
  if ('histograms' in reading) {
    const dataPoints = reading.histograms.map((point) => ({
      ...span,
      attributes: attributesOf(point.labels),
      value: toHistogram(point),
    }));
    return { ...base, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints = reading.points.map(({ labels, value }) => ({
    ...span,
    attributes: attributesOf(labels),
    value,
  }));
  if (metric.type === 'counter') {
    return { ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
  }
  return { ...base, dataPointType: DataPointType.GAUGE, dataPoints };
}

const cumulative = AggregationTemporality.CUMULATIVE;

function describe({ name, help, unit, type }: Metric) {
  return { name: otlpName(name), description: help, unit, valueType: ValueType.DOUBLE, type };
}

/**
 * The name that the semantic conventions have, where they have one; else ours with dots and without
 * `_total`: a collector that writes for Prometheus makes the name of `/metrics` of it again.
 */
export function otlpName(name: string): string {
  return semanticNames[name] ?? name.replace(/_total$/, '').replaceAll('_', '.');
}

function attributesOf(labels: Readonly<Record<string, string>>): Attributes {
  const pairs = Object.entries(labels).map(([label, value]) => {
    const name = semanticLabels[label] ?? label;
    return [name, name === attributeNames.status ? Number(value) : value];
  });
  return Object.fromEntries(pairs) as Attributes;
}

function toHistogram({ bounds, upTo, sum }: HistogramPoint) {
  const counts = upTo.map((count, place) => count - (upTo[place - 1] ?? 0));
  const count = upTo.at(-1) ?? 0;
  return { buckets: { boundaries: [...bounds], counts }, sum, count };
}

function toHrTime(ms: Ms): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1_000_000)];
}
