import { AdaptiveThrottle } from './adaptive.ts';
import {
  type AdaptiveOptions,
  type BlindOptions,
  blindDefaults,
  type PaceOptions,
  paceDefaults,
} from './pace-options.ts';
import type { Throttle } from './throttle.ts';

/** What may be set of a policy; what is left out is as it ships. */
export interface ThrottleOptions {
  /** Whether requests carry the sender's name, so that weir sets slots aside for it. @default true */
  readonly named?: boolean;
  readonly pace?: Partial<PaceOptions>;
  readonly blind?: Partial<BlindOptions>;
}

/** Makes a policy; `random` is uniform in [0, 1). */
type Makes = (options: ThrottleOptions, random: () => number) => Throttle;

/** Options with all defaults, once for each object that was given: many throttles share few. */
const resolved = new WeakMap<ThrottleOptions, AdaptiveOptions>();

function resolve(given: ThrottleOptions): AdaptiveOptions {
  let options = resolved.get(given);
  if (options === undefined) {
    const { named = true, pace, blind } = given;
    options = { named, pace: { ...paceDefaults, ...pace }, blind: { ...blindDefaults, ...blind } };
    resolved.set(given, options);
  }
  return options;
}

/** The policies that ship, by name. A new one is a file and a line here. */
export const throttles: { readonly adaptive: Makes } = {
  adaptive: (options, random) => new AdaptiveThrottle(resolve(options), random),
};
