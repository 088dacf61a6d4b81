import type { Receipt } from '@weir/core/wire/receipt';
import type { Idempotency, Repeat } from '../spool/record.ts';

/** An `Idempotency-Key` held by this server, for a request under way. To be ended by one of these. */
export interface Claim {
  /** The request was answered so: whoever repeats it gets the same. Never rejects. */
  answered(receipt: Receipt): Promise<void>;
  /** It was refused: the key is free again. */
  released(): void;
}

/**
 * What other servers know of a key. `claim`: nothing, and now it is ours; `reply`: the answer it was
 * given; `open`: its request is under way elsewhere; `other body`: so it is, with another body. Where
 * nobody can be asked there is a claim too: then this server's own window alone holds.
 */
export type Claimed =
  | { readonly claim: Claim }
  | { readonly reply: Repeat }
  | 'open'
  | 'other body';

/** Keys that several servers share, so that a repeat may go to any of them. */
export interface Claims {
  claim(idempotency: Idempotency): Promise<Claimed>;
}

/**
 * How often each came; `taken_over` is the one case that can store twice. `recovered`: the answer of a
 * server that died was found in its spool, and all know it now.
 */
export type ClaimOutcome = 'claimed' | 'repeat' | 'open' | 'taken_over' | 'recovered' | 'away';
