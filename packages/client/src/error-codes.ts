import { rejections } from '@weir/core/wire/event';
import { refusals } from '@weir/core/wire/refusal';

/** What is said of a code of error. */
export interface CodeFacts {
  /** Whether the same event may pass later. */
  readonly retryable: boolean;
  /** One sentence, for people. */
  readonly meaning: string;
}

const own = {
  invalid_option: { retryable: false, meaning: 'an option is missing or out of its bounds' },
  invalid_event: {
    retryable: false,
    meaning: 'the event cannot be written as JSON',
  },
  queue_full: { retryable: true, meaning: 'no room is left' },
  dropped: { retryable: true, meaning: 'it made room for a later event' },
  cancelled: { retryable: true, meaning: 'the signal of the caller was aborted' },
  closed: { retryable: false, meaning: 'the client was closed' },
  expired: { retryable: true, meaning: 'it was not delivered within deliveryTimeoutMs' },
  attempts_exhausted: { retryable: true, meaning: 'it was not delivered within maxAttempts' },
  no_answer: { retryable: true, meaning: 'no server answered in time' },
  unexpected_reply: { retryable: false, meaning: 'the reply is none of weir' },
  flush_timeout: { retryable: true, meaning: 'not everything was delivered in the time given' },
  not_stored: {
    retryable: true,
    meaning: 'the batch was not in the object store in the time given',
  },
  dead_letter: {
    retryable: false,
    meaning: 'the object store refused the batch: it lies in _dead',
  },
  spool: { retryable: true, meaning: 'the spool on disk could not be used' },
} as const;

/** Every code that an error of this package can have, with what is said of it. */
export const errorCodes: Readonly<Record<WeirErrorCode, CodeFacts>> = allCodes();

export type WeirErrorCode = keyof typeof own | keyof typeof refusals | keyof typeof rejections;

function allCodes(): Record<WeirErrorCode, CodeFacts> {
  const codes: Record<string, CodeFacts> = { ...own };
  for (const [code, { retryable, title }] of Object.entries(refusals)) {
    codes[code] = { retryable, meaning: title };
  }
  for (const [code, meaning] of Object.entries(rejections)) {
    // `malformed` is a refusal as well; both mean the same to a sender.
    codes[code] ??= { retryable: false, meaning };
  }
  return codes as Record<WeirErrorCode, CodeFacts>;
}
