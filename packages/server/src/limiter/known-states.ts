import type { Quota, RateState } from '@weir/core/gcra';
import type { Ms, Us } from '@weir/core/world/world';
import type { CallerQuota } from '../tenants/caller.ts';
import { type BatchReply, hasSameTerms } from './take-batch.ts';

/** A state as it was seen last, and by which terms. */
interface Known {
  tatUs: Us;
  rest: number;
  r: number;
  quota: Quota;
  /** When the call was sent that learned of it. */
  sentUs: Us;
}

const clocksAgreeTo = 4_096; // two clocks may differ by a part in so many

/**
 * What this server saw last of the states that all servers share, on its own monotonic clock and
 * never with more debt than there is: from the moment at which a call was sent, which is before
 * Redis looked at its clock. Others only add to a debt, unless they refund. Holds at most `most`
 * states in debt; beyond, those that nobody learned or asked of for longest go, which costs Redis a
 * call and nothing else.
 */
export class KnownStates {
  // Two generations: the older one goes whole, so nothing is moved for being used again and again.
  #young = new Map<string, Known>();
  #old = new Map<string, Known>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** What was learned under the same terms; undefined where nothing was. */
  get(stateKey: string, quota: Quota): RateState | undefined {
    const known = this.#find(stateKey);
    return known !== undefined && hasSameTerms(known.quota, quota) ? known : undefined;
  }

  /** What was learned of each, in their order. */
  of(quotas: readonly CallerQuota[]): readonly (RateState | undefined)[] {
    const states: (RateState | undefined)[] = [];
    for (const { stateKey, quota } of quotas) states.push(this.get(stateKey, quota));
    return states;
  }

  /** @param sentMs when the call was sent */
  learn({ nowUs, quotas, states }: BatchReply, sentMs: Ms): void {
    const sentUs = Math.floor(sentMs * 1_000);
    for (let i = 0; i < quotas.length; i += 1) {
      const { stateKey, quota } = quotas[i] as BatchReply['quotas'][number];
      const state = states[i];
      const known = this.#find(stateKey);
      if (known !== undefined && known.sentUs > sentUs) continue; // a reply that came late
      if (state !== undefined && state.tatUs > nowUs) {
        const kept = known ?? this.#add(stateKey, { tatUs: 0, rest: 0, r: 1, quota, sentUs });
        keep(kept, state, { nowUs, sentUs, quota });
      } else if (known !== undefined) this.forget(stateKey);
    }
  }

  forget(stateKey: string): void {
    if (!this.#young.delete(stateKey)) this.#old.delete(stateKey);
  }

  #find(stateKey: string): Known | undefined {
    const young = this.#young.get(stateKey);
    if (young !== undefined || this.#old.size === 0) return young;
    const old = this.#old.get(stateKey);
    if (old === undefined) return undefined;
    this.#old.delete(stateKey);
    return this.#add(stateKey, old);
  }

  #add(stateKey: string, known: Known): Known {
    this.#young.set(stateKey, known);
    if (this.#young.size >= this.#most / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    return known;
  }
}

/** In place, as most are learned over and over. */
function keep(
  known: Known,
  { tatUs, rest, r }: RateState,
  { nowUs, sentUs, quota }: { readonly nowUs: Us; readonly sentUs: Us; readonly quota: Quota },
): void {
  const owedUs = tatUs - nowUs;
  known.tatUs = sentUs + owedUs - Math.ceil(owedUs / clocksAgreeTo);
  known.rest = rest;
  known.r = r;
  known.quota = quota;
  known.sentUs = sentUs;
}
