import type { Quota, RateState } from '@weir/core/gcra';
import type { Ms, Us } from '@weir/core/world/world';
import type { LeftState } from './take-batch.ts';
import { hasSameTerms } from './take-batch.ts';

/** What a call found out, and when it was sent. */
export interface Lesson {
  readonly nowUs: Us;
  readonly sentMs: Ms;
  readonly left: readonly LeftState[];
}

interface Known {
  readonly quota: Quota;
  readonly state: RateState;
  readonly sentUs: Us;
}

const clocksAgreeTo = 4_096; // two clocks may differ by a part in so many

/**
 * What this server saw last of the states that all servers share, on its own monotonic clock and
 * never with more debt than there is: from the moment at which a call was sent, which is before
 * Redis looked at its clock. Others only add to a debt, unless they refund. Holds `most` states in
 * debt; beyond, those learned longest ago go, which costs Redis a call and nothing else.
 */
export class KnownStates {
  readonly #known = new Map<string, Known>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#known.size;
  }

  /** What was learned under the same terms; undefined where nothing was. */
  get(stateKey: string, quota: Quota): RateState | undefined {
    const known = this.#known.get(stateKey);
    return known !== undefined && hasSameTerms(known.quota, quota) ? known.state : undefined;
  }

  learn({ nowUs, sentMs, left }: Lesson): void {
    const sentUs = Math.floor(sentMs * 1_000);
    for (const { named, state } of left) {
      const { stateKey, quota } = named;
      const before = this.#known.get(stateKey);
      if (before !== undefined && before.sentUs > sentUs) continue; // a reply that came late
      if (before !== undefined) this.#known.delete(stateKey); // goes to the end of the line
      if (state === undefined || state.tatUs <= nowUs) continue;
      const owedUs = state.tatUs - nowUs;
      const tatUs = sentUs + owedUs - Math.ceil(owedUs / clocksAgreeTo);
      this.#known.set(stateKey, { quota, state: { tatUs, rest: state.rest, r: state.r }, sentUs });
    }
    this.#dropOldest();
  }

  forget(stateKey: string): void {
    this.#known.delete(stateKey);
  }

  #dropOldest(): void {
    for (const stateKey of this.#known.keys()) {
      if (this.#known.size <= this.#most) return;
      this.#known.delete(stateKey);
    }
  }
}
