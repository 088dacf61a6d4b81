import type { Metric } from '@weir/core/telemetry-names';
import * as groups from '@weir/core/telemetry-names';

type Labels = Readonly<Record<string, string>>;

export interface Point {
  readonly labels: Labels;
  readonly value: number;
}

/** Counts of one histogram: cumulative, each up to its bound, the last without one. */
export interface HistogramPoint {
  readonly labels: Labels;
  readonly bounds: readonly number[];
  readonly upTo: readonly number[];
  readonly sum: number;
}

/** One metric with all that it says now. */
export type Reading =
  | { readonly metric: Metric; readonly points: readonly Point[] }
  | { readonly metric: Metric; readonly histograms: readonly HistogramPoint[] };

const sampleForm = /^([a-z_]+?)(_bucket|_sum|_count)?(?:\{(.*)\})? (\S+)$/;
const labelForm = /([a-z_]+)="((?:[^"\\]|\\.)*)"/g;

/**
 * What the text of `/metrics` says: the very numbers a scraper reads, so that what is pushed and what
 * is scraped cannot differ. Reads what this server writes, and passes over everything else.
 */
export function readExposition(text: string): Reading[] {
  const readings = new Map<string, Gathering>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const found = sampleForm.exec(line);
    if (found === null) continue;
    const [, stem = '', part = '', labels = '', value = ''] = found;
    const metric = metrics.get(stem + part) ?? metrics.get(stem);
    if (metric === undefined) continue;
    const gathering = readings.get(metric.name) ?? { metric, points: [], histograms: new Map() };
    readings.set(metric.name, gathering);
    gather(gathering, metric.type === 'histogram' ? part : '', readLabels(labels), Number(value));
  }
  return Array.from(readings.values(), toReading);
}

interface Gathering {
  readonly metric: Metric;
  readonly points: Point[];
  /** By their labels. */
  readonly histograms: Map<string, GatheredHistogram>;
}

interface GatheredHistogram {
  readonly labels: Labels;
  readonly bounds: { readonly le: string; readonly upTo: number }[];
  sum: number;
}

function gather(into: Gathering, part: string, labels: Labels, value: number): void {
  if (into.metric.type !== 'histogram') {
    into.points.push({ labels, value });
    return;
  }
  const { le, ...own } = labels;
  const key = JSON.stringify(own);
  const histogram = into.histograms.get(key) ?? { labels: own, bounds: [], sum: 0 };
  into.histograms.set(key, histogram);
  if (part === '_bucket') histogram.bounds.push({ le: le ?? '', upTo: value });
  else if (part === '_sum') histogram.sum = value;
}

function toReading({ metric, points, histograms }: Gathering): Reading {
  if (metric.type !== 'histogram') return { metric, points };
  return { metric, histograms: Array.from(histograms.values(), toPoint) };
}

function toPoint({ labels, bounds, sum }: GatheredHistogram): HistogramPoint {
  const finite = bounds.filter(({ le }) => le !== '+Inf').map(({ le }) => Number(le));
  return { labels, bounds: finite, upTo: bounds.map(({ upTo }) => upTo), sum };
}

function readLabels(text: string): Labels {
  const pairs = Array.from(text.matchAll(labelForm), ([, name = '', value = '']) => [
    name,
    value.replace(/\\(.)/g, (_all, escaped: string) => (escaped === 'n' ? '\n' : escaped)),
  ]);
  return Object.fromEntries(pairs) as Labels;
}

const metrics: ReadonlyMap<string, Metric> = new Map(
  Object.values(groups.allMetrics).map((metric) => [metric.name, metric]),
);
