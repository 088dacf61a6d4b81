import type { Ms } from '@weir/core/world/world';
import { errorCodes, type WeirErrorCode } from './error-codes.ts';

/** What is known of a failure besides its code; all of it optional. */
export interface WeirErrorFacts {
  /** HTTP status of the reply, where there was one. */
  readonly status?: number | undefined;
  /** Requests made for this event. */
  readonly attempts?: number | undefined;
  readonly retryAfterMs?: Ms | undefined;
  /** Finds the request in the logs of the server: its Idempotency-Key. */
  readonly requestId?: string | undefined;
  /** The option or attribute that is wrong. */
  readonly field?: string | undefined;
  readonly cause?: unknown;
}

/**
 * The one error that this package throws. Switch on `code`; all of them stand in `errorCodes`.
 *
 * @example
 * try {
 *   await client.send('order.paid', { cents: 1900 });
 * } catch (error) {
 *   if (isWeirError(error, 'rate_limited')) console.log(`again in ${error.retryAfterMs} ms`);
 *   else throw error;
 * }
 */
export class WeirError extends Error {
  override readonly name = 'WeirError';
  /** Set on every copy of this class, so that it is known where `instanceof` does not work. */
  readonly isWeirError = true;
  readonly code: WeirErrorCode;
  /** Whether the same event may pass later. */
  readonly retryable: boolean;
  readonly status: number | undefined;
  readonly attempts: number;
  readonly retryAfterMs: Ms | undefined;
  readonly requestId: string | undefined;
  readonly field: string | undefined;

  constructor(code: WeirErrorCode, detail: string, facts: WeirErrorFacts = {}) {
    super(`${code}: ${detail}`, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.retryable = errorCodes[code] ?? false;
    this.status = facts.status;
    this.attempts = facts.attempts ?? 0;
    this.retryAfterMs = facts.retryAfterMs;
    this.requestId = facts.requestId;
    this.field = facts.field;
  }

  /** What may go into a log: no key, no content of an event. */
  toJSON(): Record<string, unknown> {
    const { name, message, code, retryable, status, attempts, retryAfterMs, requestId, field } =
      this;
    return { name, message, code, retryable, status, attempts, retryAfterMs, requestId, field };
  }
}

/**
 * Whether `error` is a `WeirError`, of this copy of the package or another, and has this code. Takes
 * anything; never throws.
 *
 * @example
 * const failed = await client.send('order.paid', { cents: 1900 }).catch((error: unknown) => error);
 * if (isWeirError(failed, 'queue_full')) console.error('offered faster than it can be sent');
 */
export function isWeirError<Code extends WeirErrorCode = WeirErrorCode>(
  error: unknown,
  code?: Code,
): error is WeirError & { readonly code: Code } {
  if (!(error instanceof Error) || !('isWeirError' in error)) return false;
  return code === undefined || (error as WeirError).code === code;
}
