import type { Ms } from '../world/world.ts';

/**
 * Every way the server says no. Both sides read this table, so neither can disagree with it.
 * `retryable`: the same request may pass later.
 */
export const refusals = {
  malformed: { status: 400, retryable: false, title: 'The body could not be parsed' },
  invalid_utf8: { status: 400, retryable: false, title: 'The body is not valid UTF-8' },
  bad_encoding: { status: 400, retryable: false, title: 'The body could not be decompressed' },
  invalid_events: { status: 400, retryable: false, title: 'Every event was invalid' },
  invalid_header: { status: 400, retryable: false, title: 'A header could not be understood' },
  bad_request: { status: 400, retryable: false, title: 'The request is not valid HTTP' },
  aborted: { status: 400, retryable: true, title: 'The sender hung up before the body ended' },
  unauthorized: { status: 401, retryable: false, title: 'No such key' },
  forbidden: { status: 403, retryable: false, title: 'This key may not do this' },
  not_found: { status: 404, retryable: false, title: 'Nothing here' },
  method_not_allowed: { status: 405, retryable: false, title: 'Method not allowed' },
  sender_stalled: { status: 408, retryable: true, title: 'The sender stalled' },
  too_large: { status: 413, retryable: false, title: 'The body is too large' },
  too_many_events: { status: 413, retryable: false, title: 'Too many events in one request' },
  cost_exceeds_burst: {
    status: 413,
    retryable: false,
    title: 'The request costs more than its quota can ever hold',
  },
  unsupported_media_type: { status: 415, retryable: false, title: 'Unknown content type' },
  unsupported_encoding: { status: 415, retryable: false, title: 'Unknown content encoding' },
  unknown_expectation: { status: 417, retryable: false, title: 'Unknown expectation' },
  idempotency_mismatch: {
    status: 422,
    retryable: false,
    title: 'This Idempotency-Key was used with another body',
  },
  rate_limited: { status: 429, retryable: true, title: 'Quota exceeded' },
  headers_too_large: { status: 431, retryable: false, title: 'The headers are too large' },
  internal: { status: 500, retryable: true, title: 'Unexpected trouble in the server' },
  over_capacity: { status: 503, retryable: true, title: 'No room at the moment' },
  draining: { status: 503, retryable: true, title: 'This server is stopping' },
  disk_trouble: { status: 503, retryable: true, title: 'The spool could not write to its disk' },
  store_trouble: { status: 503, retryable: true, title: 'The object store does not answer' },
} as const;

export type RefusalCode = keyof typeof refusals;

/** An expected no. A value, not an exception: under overload this is the hot path. */
export interface Refusal {
  readonly refused: RefusalCode;
  /** One sentence: what was exceeded or wrong, where, by how much, and what was expected. */
  readonly detail: string;
  /** The same request may pass after this long; whole seconds are derived from it. */
  readonly retryAfterMs?: Ms;
  /** Further members of the problem document, such as `quota`, `cost` and `burst`. */
  readonly members?: Readonly<Record<string, unknown>>;
}

export function isRefusal(value: object): value is Refusal {
  return 'refused' in value;
}
