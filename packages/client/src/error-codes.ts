import { rejections } from '@weir/core/wire/event';
import { refusals } from '@weir/core/wire/refusal';

/** What the client itself says; `true`: the same event may pass later. */
const own = {
  /** An option is missing or out of its bounds. */
  invalid_option: false,
  /** The event cannot be written as a CloudEvent in JSON. */
  invalid_event: false,
  /** No room is left for what waits to be sent. */
  queue_full: true,
  /** It was dropped to make room for a later event. */
  dropped: true,
  /** The signal of the caller was aborted. */
  cancelled: true,
  /** The client was closed. */
  closed: false,
  /** It was not delivered within `deliveryTimeoutMs`. */
  expired: true,
  /** It was not delivered within `maxAttempts`. */
  attempts_exhausted: true,
  /** No server could be reached, or none answered in time. */
  no_answer: true,
  /** The reply is none of weir: is the URL right? */
  unexpected_reply: false,
  /** Not everything was delivered in the time given. */
  flush_timeout: true,
  /** The batch was not in the object store in the time given. */
  not_stored: true,
  /** The object store refused the batch: it lies in `_dead`. */
  dead_letter: false,
  /** The spool on disk could not be used. */
  spool: true,
} as const;

/** Why something failed: the client's own reasons, the refusals of weir, the rejections of one event. */
export type WeirErrorCode = keyof typeof own | keyof typeof refusals | keyof typeof rejections;

/**
 * Every code that an error of this package can have, and whether the same event may pass later.
 *
 * @example
 * const lasting = Object.entries(errorCodes).filter(([, isRetryable]) => !isRetryable);
 * console.log(`${lasting.length} of them no repeat can cure`);
 */
export const errorCodes: Readonly<Record<WeirErrorCode, boolean>> = {
  ...(Object.fromEntries(Object.keys(rejections).map((code) => [code, false])) as Record<
    keyof typeof rejections,
    boolean
  >),
  ...(Object.fromEntries(
    Object.entries(refusals).map(([code, { retryable }]) => [code, retryable]),
  ) as Record<keyof typeof refusals, boolean>),
  ...own,
};
