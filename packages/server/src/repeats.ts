import type { Decision } from '@weir/core/admission';
import type { Receipt } from '@weir/core/wire/receipt';
import { isRefusal, type Refusal } from '@weir/core/wire/refusal';
import type { Us } from '@weir/core/world/world';
import type { Idempotency } from './spool/record.ts';
import type { Spool } from './spool/spool.ts';

/** What became of a request that was taken; a repeat was decided by nobody. */
export interface Taken {
  readonly receipt: Receipt;
  readonly decision?: Decision;
  /** From the decision until its sender's next turn. */
  readonly nextUs?: Us | undefined;
}

interface InFlight {
  readonly body: Uint8Array;
  readonly outcome: Promise<Taken | Refusal>;
}

/**
 * Sees to it that a repeated `Idempotency-Key` stores once and costs once. Bounded by the requests
 * in flight; what is durable is remembered by the spool.
 */
export class Repeats {
  readonly #spool: Pick<Spool, 'repeat'>;
  readonly #inFlight = new Map<string, InFlight>();

  constructor(spool: Pick<Spool, 'repeat'>) {
    this.#spool = spool;
  }

  /**
   * Runs `take` unless this key was answered within the window or is being answered now: then its
   * reply is shared, once it is there. Another body under the same key is a refusal.
   */
  async once(
    idempotency: Idempotency,
    take: () => Promise<Taken | Refusal>,
  ): Promise<Taken | Refusal> {
    const { key, body } = idempotency;
    const earlier = this.#spool.repeat(key);
    if (earlier !== undefined) {
      return same(earlier.body, body) ? { receipt: earlier.receipt } : mismatch;
    }
    const name = Buffer.from(key).toString('latin1');
    const running = this.#inFlight.get(name);
    if (running !== undefined) {
      if (!same(running.body, body)) return mismatch;
      const outcome = await running.outcome;
      return isRefusal(outcome) ? outcome : { receipt: outcome.receipt };
    }
    const outcome = take().finally(() => this.#inFlight.delete(name));
    this.#inFlight.set(name, { body, outcome });
    return outcome;
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

const mismatch: Refusal = {
  refused: 'idempotency_mismatch',
  detail:
    'Idempotency-Key: this key was used with another body within the last ten minutes; use a new key for a new request',
};
