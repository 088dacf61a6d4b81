import type { Ms } from '@weir/core/world/world';
import type { Strategy } from '../model/strategy.ts';
import type { QuotaScenario, QuotaTermsMs } from '../scenario.ts';
import { rival } from './rival.ts';

/** The bucket as it will be: every request takes the next token there is, in the order of asking. */
class Foresight {
  readonly #changes: readonly { readonly atMs: Ms; readonly quota: QuotaTermsMs }[];
  readonly #hopMs: Ms;
  #quota: QuotaTermsMs;
  #next = 0;
  #atMs: Ms = 0;
  #tokens: number;

  constructor({ server, network }: QuotaScenario) {
    this.#hopMs = network.roundTripMs[1] / 2;
    this.#changes = server.changes;
    this.#quota = server.quota;
    this.#tokens = server.initialTokens;
  }

  /** Takes a token, and returns the first instant from `nowMs` on at which it is there. */
  take(nowMs: Ms): Ms {
    if (nowMs < this.#atMs && this.#wasThereAt(nowMs)) {
      this.#tokens -= 1;
      return nowMs;
    }
    this.#earnUntil(Math.max(nowMs, this.#atMs));
    while (this.#tokens < 1) {
      const { tokens, periodMs } = this.#quota;
      const lacking = ((1 - this.#tokens) * periodMs) / tokens;
      const change = this.#changes[this.#next];
      if (change === undefined || this.#atMs + lacking <= change.atMs) {
        this.#atMs += lacking;
        this.#tokens = 1;
      } else {
        this.#earnUntil(change.atMs);
      }
    }
    const goesMs = this.#atMs;
    // A full bucket earns again only once the request is there, which is not before the longest hop.
    if (this.#tokens >= this.#quota.burst) this.#atMs += this.#hopMs;
    this.#tokens -= 1;
    return goesMs;
  }

  // The engine tells a lone client of its reply ahead of time, so instants of asking may step back.
  #wasThereAt(nowMs: Ms): boolean {
    const { tokens, periodMs } = this.#quota;
    return this.#tokens - ((this.#atMs - nowMs) * tokens) / periodMs >= 1;
  }

  #earnUntil(untilMs: Ms): void {
    for (;;) {
      const change = this.#changes[this.#next];
      if (change === undefined || change.atMs > untilMs) break;
      this.#earn(change.atMs);
      this.#quota = change.quota;
      this.#tokens = Math.min(this.#tokens, change.quota.burst);
      this.#next += 1;
    }
    this.#earn(untilMs);
  }

  #earn(untilMs: Ms): void {
    const { tokens, periodMs, burst } = this.#quota;
    const earned = ((untilMs - this.#atMs) * tokens) / periodMs;
    this.#tokens = Math.min(burst, this.#tokens + earned);
    this.#atMs = untilMs;
  }
}

// The one thing that processes of a run share: runs follow one another, and each starts at process 0.
const foresights = new WeakMap<QuotaScenario, Foresight>();

/**
 * The upper bound, which no real sender reaches: it knows the quota, its changes and everybody's
 * wishes, and hands out tokens in the order of asking.
 */
export const ideal: Strategy = rival(
  'ideal',
  'knows the quota and all other senders beforehand: the upper bound, not a rival',
  ({ scenario, process }) => {
    const known = process === 0 ? undefined : foresights.get(scenario);
    const foresight = known ?? new Foresight(scenario);
    foresights.set(scenario, foresight);
    return () => ({
      beforeMs: (nowMs) => foresight.take(nowMs) - nowMs,
      afterMs: () => 0,
    });
  },
);
