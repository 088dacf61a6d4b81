import { AdaptiveThrottle } from './adaptive.ts';
import { InformedThrottle, type KnownQuota } from './known-quota.ts';
import {
  type AdaptiveOptions,
  type BlindOptions,
  blindDefaults,
  type PaceOptions,
  paceDefaults,
} from './pace-options.ts';
import { RatePace } from './rate-pace.ts';
import type { Throttle } from './throttle.ts';

/** What may be set of a policy; what is left out is as it ships. */
export interface ThrottleOptions {
  /** Whether a weir is asked, which sets slots aside for whoever names itself. @default unless a quota is given */
  readonly named?: boolean;
  readonly pace?: Partial<PaceOptions>;
  readonly blind?: Partial<BlindOptions>;
  /** Of a server that is no weir and tells only what is left, or nothing but 429. @default what replies tell */
  readonly quota?: KnownQuota;
}

/** Makes a policy; `random` is uniform in [0, 1). */
type Makes = (options: ThrottleOptions, random: () => number) => Throttle;

/** Options with all defaults, once for each object that was given: many throttles share few. */
const allResolved = new WeakMap<ThrottleOptions, AdaptiveOptions>();

function resolve(given: ThrottleOptions): AdaptiveOptions {
  let options = allResolved.get(given);
  if (options === undefined) {
    const { quota, named = quota === undefined, pace, blind } = given;
    options = { named, pace: { ...paceDefaults, ...pace }, blind: { ...blindDefaults, ...blind } };
    allResolved.set(given, options);
  }
  return options;
}

/** The policies that ship, by name. A new one is a file and a line here. */
export const throttles: { readonly adaptive: Makes } = {
  adaptive: (options, random) => {
    const resolved = resolve(options);
    const throttle = new AdaptiveThrottle(resolved, random);
    if (options.quota === undefined) return throttle;
    const paceOf = (tokenMs: number) => new RatePace(tokenMs, resolved.pace, random);
    return new InformedThrottle(throttle, options.quota, paceOf);
  },
};
