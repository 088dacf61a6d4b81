/** Where the server listens. A receipt's id, or a problem's code, follows its path. */
export const paths = {
  /** POST. */
  events: '/v1/events',
  /** GET. */
  receipts: '/v1/receipts/',
  /** GET. */
  limits: '/v1/limits',
  /** GET: a page that explains a refusal's code. */
  problems: '/problems/',
} as const;

/** Every header that one side writes and the other reads, in lower case as HTTP/2 sends them. */
export const fields = {
  idempotencyKey: 'idempotency-key',
  prefer: 'prefer',
  preferenceApplied: 'preference-applied',
  rateLimit: 'ratelimit',
  rateLimitPolicy: 'ratelimit-policy',
  /** Of servers that know no other; read and never sent. */
  rateLimitRemaining: 'ratelimit-remaining',
  retryAfter: 'retry-after',
  /** As Retry-After, in whole milliseconds: whole seconds waste quota. */
  retryAfterMs: 'retry-after-ms',
  traceparent: 'traceparent',
  /** `1` asks for a trace of this request, where the server grants that. */
  weirTrace: 'weir-trace',
  /** A sender's random name, one for each throttle: who shares a quota is told whose turn is when. */
  weirClient: 'weir-client',
  /** How many events the body holds, so that a refusal before it is read can be exact. */
  weirEvents: 'weir-events',
  /** How long from receipt of the reply until the slot set aside for this sender. */
  weirNextMs: 'weir-next-ms',
} as const;
