import { createHash } from 'node:crypto';
import type { Line } from './line-batches.ts';

/**
 * Gives an event without an id one that depends on its place alone, so that readers can tell a repeat
 * even where the server no longer could. What is no object is left for the server to reject.
 */
export function withId({ number, text }: Line, run: string): string {
  if (!text.startsWith('{')) return text;
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch {
    return text;
  }
  if (typeof event !== 'object' || event === null || 'id' in event) return text;
  const rest = text.slice(1).trimStart();
  const comma = rest.startsWith('}') ? '' : ',';
  return `{"id":"${idOf(run, number)}"${comma}${rest}`;
}

/** A UUID of version 8: of our own making. */
function idOf(run: string, line: number): string {
  const hex = createHash('sha256').update(`${run} ${line}`).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(18, 20)}-${hex.slice(20, 32)}`;
}
