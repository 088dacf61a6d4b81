import type { Decision } from '@weir/core/admission';
import type { Receipt } from '@weir/core/wire/receipt';
import { isRefusal, type Refusal } from '@weir/core/wire/refusal';
import type { Us } from '@weir/core/world/world';
import type { Claim, Claims } from './claims/claims.ts';
import type { Idempotency, Repeat } from './spool/record.ts';
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
 * Sees to it that a repeated `Idempotency-Key` stores once and costs once, on this server and, with
 * claims, on all that share them. Bounded by the requests in flight; what is durable is remembered
 * by the spool, and by whoever keeps the claims.
 */
export class Repeats {
  readonly #spool: Pick<Spool, 'repeat'>;
  readonly #claims: Claims | undefined;
  readonly #inFlight = new Map<string, InFlight>();

  constructor(spool: Pick<Spool, 'repeat'>, claims?: Claims) {
    this.#spool = spool;
    this.#claims = claims;
  }

  /**
   * Runs `take` unless this key was answered within the window or is being answered now: then its
   * reply is shared, once it is there; where another server is at it, it is to be asked for again.
   * Another body under the same key is a refusal.
   */
  async once(
    idempotency: Idempotency,
    take: () => Promise<Taken | Refusal>,
  ): Promise<Taken | Refusal> {
    const { key, body } = idempotency;
    const earlier = this.#spool.repeat(key);
    if (earlier !== undefined) return repeated(earlier, body);
    const name = Buffer.from(key).toString('latin1');
    const running = this.#inFlight.get(name);
    if (running !== undefined) {
      if (!same(running.body, body)) return mismatch;
      const outcome = await running.outcome;
      return isRefusal(outcome) ? outcome : { receipt: outcome.receipt };
    }
    const taking =
      this.#claims === undefined ? take() : claimAndTake(this.#claims, idempotency, take);
    const outcome = taking.finally(() => this.#inFlight.delete(name));
    this.#inFlight.set(name, { body, outcome });
    return outcome;
  }
}

/** The claim comes before anything is charged or stored, the answer is known before it is given. */
async function claimAndTake(
  claims: Claims,
  idempotency: Idempotency,
  take: () => Promise<Taken | Refusal>,
): Promise<Taken | Refusal> {
  const claimed = await claims.claim(idempotency);
  if (claimed === 'open') return underWay;
  if (claimed === 'other body') return mismatch;
  if ('reply' in claimed) return repeated(claimed.reply, idempotency.body);
  return await takeUnder(claimed.claim, take);
}

async function takeUnder(
  claim: Claim,
  take: () => Promise<Taken | Refusal>,
): Promise<Taken | Refusal> {
  let outcome: Taken | Refusal | undefined;
  try {
    outcome = await take();
  } finally {
    if (outcome === undefined || isRefusal(outcome)) claim.released();
    else await claim.answered(outcome.receipt);
  }
  return outcome;
}

function repeated(earlier: Repeat, body: Uint8Array): Taken | Refusal {
  return same(earlier.body, body) ? { receipt: earlier.receipt } : mismatch;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

const mismatch: Refusal = {
  refused: 'idempotency_mismatch',
  detail:
    'Idempotency-Key: this key was used with another body within the last ten minutes; use a new key for a new request',
};

const underWay: Refusal = {
  refused: 'repeat_under_way',
  detail: 'Idempotency-Key: the first request with this key is still under way on another server',
  retryAfterMs: 1_000,
};
