import type { Strategy } from '../model/strategy.ts';
import { lonely } from './rival.ts';

const otherwiseMs = 1_000;

/** RFC 9110, 10.2.3, read literally: comes back at the instant the server names, like everybody. */
export const retryAfter: Strategy = lonely(
  'retry-after',
  'waits exactly what Retry-After says, or 1 s without it (RFC 9110)',
  () => ({
    beforeMs: () => 0,
    afterMs: ({ retryAfterMs }) => retryAfterMs ?? otherwiseMs,
  }),
);
