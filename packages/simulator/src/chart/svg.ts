import type { SleepSeries } from './sleep-series.ts';

const width = 960;
const height = 420;
const left = 64;
const right = 16;
const top = 44;
const bottom = 44;
const ticks = 5;

/** The same picture as a file. The same series give the same bytes. */
export function svgChart(title: string, { clients, durationMs }: SleepSeries): string {
  const most = ceiling(Math.max(...clients.map((samples) => Math.max(...samples)), 0));
  const x = (share: number) => (left + share * (width - left - right)).toFixed(1);
  const y = (value: number) =>
    (height - bottom - (value / most) * (height - top - bottom)).toFixed(1);
  const lines = clients.map((samples, client) => {
    const last = Math.max(1, samples.length - 1);
    const points = Array.from(samples, (value, i) => `${x(i / last)},${y(value)}`).join(' ');
    const color = `hsl(${Math.round((client * 360) / clients.length)} 65% 45%)`;
    return `<polyline fill="none" stroke="${color}" stroke-width="1.2" points="${points}"/>`;
  });
  const shares = Array.from({ length: ticks + 1 }, (_, i) => i / ticks);
  const grid = shares.map((share) => {
    const value = most * share;
    const label = `<text x="${left - 8}" y="${y(value)}" dy="4" text-anchor="end">${tick(value)}</text>`;
    return `<path d="M${left} ${y(value)}H${width - right}" stroke="#8884"/>${label}`;
  });
  const times = shares.map((share) => {
    const label = tick((durationMs / 1_000) * share);
    return `<text x="${x(share)}" y="${height - bottom + 18}" text-anchor="middle">${label}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}" font-family="system-ui, sans-serif" font-size="12" fill="#777">`,
    `<text x="${left}" y="24" font-size="15">${escaped(title)}</text>`,
    ...grid,
    ...times,
    ...lines,
    `<text x="${left - 52}" y="${top - 8}">sleep, s</text>`,
    `<text x="${width - right}" y="${height - 8}" text-anchor="end">time, s</text>`,
    '</svg>\n',
  ].join('\n');
}

/** The next of 1, 2, 5, 10, 20, 50 … */
function ceiling(value: number): number {
  for (let power = 0.001; ; power *= 10) {
    for (const digit of [1, 2, 5]) if (digit * power >= value) return digit * power;
  }
}

function tick(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (found) => `&#${found.charCodeAt(0)};`);
}
