import { plot } from 'asciichart';
import type { SleepSeries } from './sleep-series.ts';

const height = 14;
const labelWidth = 11; // what asciichart puts before the first sample
const colors = [31, 32, 33, 34, 35, 36, 91, 92, 93, 94].map((code) => `\u001b[${code}m`);

/** How many samples fit into a terminal of so many columns. */
export function stepsFor(columns: number | undefined): number {
  return Math.max(20, Math.min(200, (columns ?? 80) - labelWidth));
}

/** Sleep per client over time, for a terminal. */
export function terminalChart(series: SleepSeries, hasColors: boolean): string[] {
  const { clients, durationMs, total } = series;
  if (clients.length === 0) return ['(nothing was sent)'];
  const lines = plot(
    clients.map((samples) => Array.from(samples)),
    {
      height,
      min: 0,
      format: (value) => value.toFixed(2).padStart(labelWidth - 3),
      ...(hasColors ? { colors } : {}),
    },
  ).split('\n');
  const shown = clients.length < total ? `the first ${clients.length} of ${total}` : `${total}`;
  const title = `sleep in s before each request, by client (${shown}), over ${durationMs / 1_000} s`;
  return [title, ...lines.map((line) => line.trimEnd())];
}
