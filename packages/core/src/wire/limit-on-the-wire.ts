import type { NamedQuota } from '../admission.ts';
import type { Verdict } from '../gcra.ts';
import { decodeRateNews, encodePolicy, type Limit } from './rate-headers.ts';
import { fields } from './routes.ts';

const secondUs = 1_000_000;

/**
 * What a sender reads of one quota in the rate fields of a reply, without writing and parsing them
 * each time: what `decodeRateNews` makes of `encodeRateLimit`, rounded as the fields round. For
 * simulations, where a reply must cost nanoseconds.
 */
export class LimitOnTheWire {
  readonly #limit: { -readonly [K in keyof Limit]: Limit[K] };
  readonly #limits: readonly Limit[];

  constructor(quota: NamedQuota) {
    const policy = encodePolicy(quota);
    const get = (name: string) => (name === fields.rateLimitPolicy ? policy : undefined);
    this.#limit = { ...(decodeRateNews(get, 0).limits[0] as Limit) };
    this.#limits = [this.#limit];
  }

  /** A list of one; the same objects each time, so copy what is to be kept. */
  read({ remaining, nextUs }: Pick<Verdict, 'remaining' | 'nextUs'>): readonly Limit[] {
    this.#limit.remaining = remaining;
    this.#limit.withinMs = nextUs === 0 ? undefined : Math.ceil(nextUs / secondUs) * 1_000;
    return this.#limits;
  }
}
