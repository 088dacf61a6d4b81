import { AdaptiveThrottle } from './adaptive.ts';
import { type AdaptiveOptions, paceDefaults } from './pace-options.ts';
import type { Throttle } from './throttle.ts';

/** Makes a policy. What `options` leaves out is as it ships; `random` is uniform in [0, 1). */
type Makes = (options: Partial<AdaptiveOptions>, random: () => number) => Throttle;

/** The policies that ship, by name. A new one is a file and a line here. */
export const throttles: { readonly adaptive: Makes } = {
  adaptive: (options, random) =>
    new AdaptiveThrottle({ ...paceDefaults, named: true, ...options }, random),
};
