/**
 * Every name in the spans of the client: apart from those of the server, since the client carries them
 * to its users.
 */
export const senderSpans = {
  /** Who makes the spans. */
  scope: '@weir/client',
  /** One `send`: from the call to its acknowledgement. */
  send: 'weir send',
  /** One batch: from closing it to its answer. */
  batch: 'weir send batch',
  system: 'weir',
  messagingSystem: 'messaging.system',
  messagingType: 'messaging.operation.type',
  messagingDestination: 'messaging.destination.name',
  messageCount: 'messaging.batch.message_count',
  resendCount: 'http.request.resend_count',
  receipt: 'weir.receipt',
  idempotencyKey: 'weir.idempotency_key',
  refused: 'refused',
} as const;
