import { nameAndValue, splitField } from './parse/header-list.ts';

/**
 * How many seconds the caller would wait for its events to be stored (`Prefer: wait=N`, RFC 7240),
 * at most `mostSeconds`; undefined where it did not say, or not so that it could be understood.
 * Where `wait` is given twice the first counts, as the RFC has it.
 */
export function preferredWait(prefer: string | undefined, mostSeconds: number): number | undefined {
  if (prefer === undefined) return undefined;
  for (const preference of splitField(prefer, ',')) {
    const { name, value } = nameAndValue(splitField(preference, ';')[0] as string);
    if (name !== 'wait') continue;
    return /^\d{1,15}$/.test(value) ? Math.min(Number(value), mostSeconds) : undefined;
  }
  return undefined;
}
