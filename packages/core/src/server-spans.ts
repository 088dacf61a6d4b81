/** Every span, by where it is made. */
export const spanNames = {
  /** The server's: from the header of a request to its answer. */
  request: 'POST /v1/events',
  /** One decision of the limiter that asked Redis. */
  redis: 'EVALSHA take',
  /** From handing a batch over until it is durable: the wait for its group commit. */
  append: 'spool.append',
  /** A segment, from lease to manifest. */
  batch: 'process spool',
  /** One try to write an object: to a bucket, or to a folder. */
  put: 'S3.PutObject',
  write: 'store.put',
  /** What became of one request: its object. */
  deliver: 'deliver',
} as const;

/** Every attribute of a span: those of the semantic conventions, and ours under `weir.`. */
export const attributeNames = {
  method: 'http.request.method',
  route: 'http.route',
  path: 'url.path',
  scheme: 'url.scheme',
  status: 'http.response.status_code',
  resendCount: 'http.request.resend_count',
  errorType: 'error.type',
  dbSystem: 'db.system.name',
  dbOperation: 'db.operation.name',
  messagingSystem: 'messaging.system',
  messagingType: 'messaging.operation.type',
  messagingOperation: 'messaging.operation.name',
  messagingDestination: 'messaging.destination.name',
  messageCount: 'messaging.batch.message_count',
  bucket: 'aws.s3.bucket',
  /** Of a bucket's object. */
  s3Key: 'aws.s3.key',
  /** Of an object in any store. */
  objectKey: 'weir.object.key',
  objectState: 'weir.object.state',
  bytes: 'weir.bytes',
  events: 'weir.events',
  rejected: 'weir.events.rejected',
  outcome: 'weir.outcome',
  tenant: 'weir.tenant',
  receipt: 'weir.receipt',
  refusal: 'weir.refusal.code',
  retryAfterMs: 'weir.retry_after_ms',
  isRepeat: 'weir.repeat',
  limiterAllowed: 'weir.limiter.allowed',
  limiterSource: 'weir.limiter.source',
  limiterViolated: 'weir.limiter.violated',
  limiterDegraded: 'weir.limiter.degraded',
  writer: 'weir.writer',
  segment: 'weir.segment',
} as const;
