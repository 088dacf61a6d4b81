import type { Metric } from '@weir/core/telemetry-names';

/** A value with those of the metric's labels, in their order. */
export interface Sample {
  readonly labels: readonly string[];
  readonly value: number;
}

/** One metric in Prometheus' text format. */
export function formatMetric(metric: Metric, samples: readonly Sample[]): string {
  const lines = samples.map(({ labels, value }) => line(metric.name, metric.labels, labels, value));
  return `${heading(metric)}${lines.join('')}`;
}

export function formatValue(metric: Metric, value: number): string {
  return formatMetric(metric, [{ labels: [], value }]);
}

function heading({ name, type, help }: Metric): string {
  const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return `# HELP ${name} ${escaped}\n# TYPE ${name} ${type}\n`;
}

function line(
  name: string,
  labels: readonly string[],
  values: readonly string[],
  value: number,
): string {
  if (labels.length === 0) return `${name} ${value}\n`;
  const pairs = labels.map((label, i) => `${label}="${escapeLabel(values[i] ?? '')}"`);
  return `${name}{${pairs.join(',')}} ${value}\n`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

/** What labels beyond the bound are counted under. */
export const otherLabel = '_other';

/** Counts by the value of one label. Beyond `most` values the rest share `_other`. */
export class LabelledCounter {
  readonly #places = new Map<string, number>();
  readonly #counts: Float64Array;
  readonly #most: number;

  /** @param known values that are shown from the start, at 0 */
  constructor(known: readonly string[], most: number = known.length) {
    this.#most = most;
    this.#counts = new Float64Array(most + 1);
    for (const label of known) this.#placeOf(label);
  }

  add(label: string, by = 1): void {
    const place = this.#places.get(label) ?? this.#placeOf(label);
    this.#counts[place] = (this.#counts[place] as number) + by;
  }

  *entries(): Iterable<readonly [label: string, count: number]> {
    for (const [label, place] of this.#places) yield [label, this.#counts[place] as number];
  }

  samples(): Sample[] {
    return Array.from(this.entries(), ([label, value]) => ({ labels: [label], value }));
  }

  #placeOf(label: string): number {
    const { size } = this.#places;
    const isRoom = size < this.#most;
    const name = isRoom ? label : otherLabel;
    const place = isRoom ? size : this.#most;
    this.#places.set(name, place);
    return place;
  }
}

/** Counts values by size. Values and their sum are whole, in 1/`scale` of the metric's unit. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #scale: number;
  readonly #counts: Float64Array;
  #sum = 0;

  /** @param bounds rising upper bounds, in 1/`scale` of the unit */
  constructor(bounds: readonly number[], scale: number) {
    this.#bounds = bounds;
    this.#scale = scale;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let place = 0;
    while (place < this.#bounds.length && value > (this.#bounds[place] as number)) place += 1;
    this.#counts[place] = (this.#counts[place] as number) + 1;
    this.#sum += value;
  }

  format(metric: Metric): string {
    return `${heading(metric)}${this.samples(metric, [])}`;
  }

  /** Its lines alone, with the values of the metric's labels. */
  samples({ name, labels }: Metric, values: readonly string[]): string {
    let below = 0;
    const lines = Array.from(this.#counts, (count, place) => {
      below += count;
      const bound = this.#bounds[place];
      const upTo = bound === undefined ? '+Inf' : String(bound / this.#scale);
      return line(`${name}_bucket`, [...labels, 'le'], [...values, upTo], below);
    });
    const sum = line(`${name}_sum`, labels, values, this.#sum / this.#scale);
    return `${lines.join('')}${sum}${line(`${name}_count`, labels, values, below)}`;
  }
}

/** One histogram for each of its label values, in Prometheus' text format. */
export function formatHistograms(
  metric: Metric,
  histograms: Iterable<readonly [values: readonly string[], histogram: Histogram]>,
): string {
  const samples = Array.from(histograms, ([values, histogram]) =>
    histogram.samples(metric, values),
  );
  return `${heading(metric)}${samples.join('')}`;
}
