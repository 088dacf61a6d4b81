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
  abnormal_usage: { status: 429, retryable: true, title: 'Blocked for what came before' },
  headers_too_large: { status: 431, retryable: false, title: 'The headers are too large' },
  internal: { status: 500, retryable: true, title: 'Unexpected trouble in the server' },
  over_capacity: { status: 503, retryable: true, title: 'No room at the moment' },
  reduced_capacity: {
    status: 503,
    retryable: true,
    title: 'The limits that servers share are out of reach',
  },
  repeat_under_way: {
    status: 503,
    retryable: true,
    title: 'The first request with this Idempotency-Key is still under way',
  },
  draining: { status: 503, retryable: true, title: 'This server is stopping' },
  disk_trouble: { status: 503, retryable: true, title: 'The spool could not write to its disk' },
  store_trouble: { status: 503, retryable: true, title: 'The object store does not answer' },
} as const;

export type RefusalCode = keyof typeof refusals;

/** What a sender does about a request that failed. */
export interface Reaction {
  /**
   * `again`: the same bytes under the same key; `plain`: once more, uncompressed; `split`: in two
   * halves; `hold`: nothing more goes out until a person has helped; `never`: it cannot be cured.
   */
  readonly next: 'again' | 'plain' | 'split' | 'hold' | 'never';
  /** Whose clock its Retry-After sets: the key's pace, this server's, or that of the request alone. */
  readonly clock: 'pace' | 'server' | 'request';
  /** When another server is tried instead, if there is one. */
  readonly failover: 'at_once' | 'after_three' | 'never';
  /** Whether the repeat is paid from the retry budget. */
  readonly isPaid: boolean;
  /** Whether it says that the server is broken, which counts towards the breaker. */
  readonly isFault: boolean;
}

const never: Reaction = {
  next: 'never',
  clock: 'request',
  failover: 'never',
  isPaid: false,
  isFault: false,
};
const again: Reaction = { ...never, next: 'again', isPaid: true };
const busy: Reaction = { ...again, clock: 'server', failover: 'after_three' };

/** One reaction for each refusal: what the client does, what the simulator's clients do. */
export const reactions: Readonly<Record<RefusalCode, Reaction>> = {
  malformed: never,
  invalid_utf8: never,
  bad_encoding: never,
  invalid_events: never,
  invalid_header: never,
  bad_request: never,
  aborted: again,
  unauthorized: { ...never, next: 'hold' },
  forbidden: { ...never, next: 'hold' },
  not_found: never,
  method_not_allowed: never,
  sender_stalled: again,
  too_large: { ...never, next: 'split' },
  too_many_events: { ...never, next: 'split' },
  cost_exceeds_burst: { ...never, next: 'split' },
  unsupported_media_type: never,
  unsupported_encoding: { ...never, next: 'plain' },
  unknown_expectation: never,
  idempotency_mismatch: never,
  rate_limited: { ...again, clock: 'pace', isPaid: false },
  abnormal_usage: { ...again, clock: 'server' },
  headers_too_large: never,
  internal: { ...again, failover: 'after_three', isFault: true },
  over_capacity: busy,
  reduced_capacity: busy,
  repeat_under_way: again,
  draining: { ...busy, failover: 'at_once' },
  disk_trouble: { ...busy, isFault: true },
  store_trouble: busy,
};

/** No answer came: it may or may not have been taken. */
export const noAnswer: Reaction = { ...again, failover: 'at_once', isFault: true };

/** The reaction to a refusal without a code that is known here, as a proxy or a newer server sends it. */
export function reactionToStatus(status: number): Reaction {
  switch (status) {
    case 401:
    case 403:
      return reactions.unauthorized;
    case 408:
    case 425:
      return reactions.sender_stalled;
    case 413:
      return reactions.too_large;
    case 415:
      return reactions.unsupported_encoding;
    case 429:
      return reactions.rate_limited;
    case 503:
      return reactions.over_capacity;
    default:
      return status >= 500 ? reactions.internal : never;
  }
}

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
