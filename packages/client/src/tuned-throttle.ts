import type { Throttle } from '@weir/core/throttle/throttle';
import { type ThrottleOptions, throttles } from '@weir/core/throttle/throttles';
import type { ThrottleChoice } from './options.ts';

const asShipped: ThrottleOptions = {};

/** The policy of a key that says nothing else: its options are those that the simulator found. */
function tunedThrottle(random: () => number): Throttle {
  return throttles.adaptive(asShipped, random);
}

/** What makes the throttle that an option chose. */
export function makerOf(choice: ThrottleChoice | undefined): (random: () => number) => Throttle {
  if (choice === undefined) return tunedThrottle;
  if (typeof choice === 'function') return choice;
  const { policy, options = asShipped } = choice;
  return (random) => throttles[policy](options, random);
}
