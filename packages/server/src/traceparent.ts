const pattern = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** A W3C trace context as it was sent; undefined where it is absent or no such thing. */
export function traceparentOf(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' && pattern.test(value) ? value : undefined;
}
