import type { MeasureInfo } from '../compare/values.ts';

/** With commas between thousands, and so many decimals: the same on every machine. */
export function grouped(value: number, decimals = 0): string {
  if (!Number.isFinite(value)) return '–';
  const [whole = '', fraction] = Math.abs(value).toFixed(decimals).split('.');
  const digits = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  const text = fraction === undefined ? digits : `${digits}.${fraction}`;
  return value < 0 && /[1-9]/.test(text) ? `-${text}` : text;
}

/** As many decimals as make three figures, at most three. */
export function short(value: number): string {
  const size = Math.abs(value);
  const decimals = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return grouped(value, decimals);
}

/** A measure as people read it. */
export function shown(value: number, unit: MeasureInfo['unit']): string {
  if (!Number.isFinite(value)) return '–';
  switch (unit) {
    case 'share':
      return `${grouped(value * 100, 2)} %`;
    case 'ms':
      return Math.abs(value) < 1_000 ? `${short(value)} ms` : `${short(value / 1_000)} s`;
    case 'index':
      return value.toFixed(4);
    case 'dollars':
      return `$${grouped(value, 2)}`;
    default:
      return short(value);
  }
}

/** `2s`, `500ms`, `1.5m`, `30`: in ms; undefined where it is none of these. */
export function durationMs(text: string): number | undefined {
  const [, amount, unit = 'ms'] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text) ?? [];
  if (amount === undefined) return undefined;
  const each: Readonly<Record<string, number>> = {
    ms: 1,
    s: 1_000,
    m: 60_000,
    h: 3_600_000,
    d: 86_400_000,
  };
  return Number(amount) * (each[unit] ?? 1);
}
