import { isoTimeMs } from '../delivery/iso-time.ts';

const seconds = /:60(?=[.Z+-])/i;
const fraction = /\.(\d+)/;

/**
 * The instant of an RFC 3339 timestamp in µs since 1970, cut off below; a leap second is the second
 * after it. undefined where there is none that can be told.
 */
export function eventTimeUs(text: string): bigint | undefined {
  const isLeap = seconds.test(text);
  const whole = isLeap ? text.replace(seconds, ':59') : text;
  const ms = isoTimeMs(whole.replace(fraction, '').toUpperCase());
  if (Number.isNaN(ms)) return undefined;
  const digits = fraction.exec(whole)?.[1] ?? '';
  const us = Number(digits.slice(0, 6).padEnd(6, '0'));
  return BigInt(ms + (isLeap ? 1_000 : 0)) * 1_000n + BigInt(us);
}
