import type { Decision, NamedQuota } from '../admission.ts';
import type { Verdict } from '../gcra.ts';
import { decodeRateNews, encodePolicy, type Limit } from './rate-headers.ts';
import { fields } from './routes.ts';

const secondUs = 1_000_000;

/**
 * What a sender reads in the rate fields of a reply, without writing and parsing them each time:
 * `decode(encode(decision))`, rounded as the fields round. For simulations, where a reply must cost
 * nanoseconds.
 */
export class LimitsOnTheWire {
  readonly #policies: readonly Limit[];

  constructor(quotas: readonly NamedQuota[]) {
    this.#policies = quotas.map((quota) => {
      const policy = encodePolicy(quota);
      const get = (name: string) => (name === fields.rateLimitPolicy ? policy : undefined);
      return decodeRateNews(get, 0).limits[0] as Limit;
    });
  }

  read({ allowed, tightest, violated, verdicts }: Decision): readonly Limit[] {
    return allowed
      ? [this.#limit(tightest, verdicts)]
      : violated.map((place) => this.#limit(place, verdicts));
  }

  #limit(place: number, verdicts: readonly Verdict[]): Limit {
    const { name, tokens, periodMs, burst, unit } = this.#policies[place] as Limit;
    const { remaining, nextUs } = verdicts[place] as Verdict;
    const withinMs = nextUs === 0 ? undefined : Math.ceil(nextUs / secondUs) * 1_000;
    return { name, remaining, withinMs, tokens, periodMs, burst, unit };
  }
}
