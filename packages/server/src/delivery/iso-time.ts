/** `2026-01-31T23:59:59.123Z`, for a wall clock reading in whole milliseconds. */
export function isoTime(ms: number): string {
  // biome-ignore lint/style/noRestrictedGlobals: formats a given instant, reads no clock
  return new Date(ms).toISOString();
}

/** The instant that such a text names; NaN where it names none. */
export function isoTimeMs(text: string): number {
  // biome-ignore lint/style/noRestrictedGlobals: reads a given text, not a clock
  return Date.parse(text);
}
