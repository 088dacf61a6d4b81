import type { Strategy } from '../model/strategy.ts';
import { knownLimit, sleepingClients } from './heroku.ts';
import { rival } from './rival.ts';

/** `ExponentialIncreaseProportionalRemainingDecrease` of zombocom/rate_throttle_client: its best. */
export const herokuRemaining: Strategy = rival(
  'heroku-remaining',
  'sleeps before each request; a success takes off what Remaining is of 4500 (Heroku gem)',
  sleepingClients((sleepMs, { limits }) => {
    const remaining = limits[0]?.remaining ?? 0; // as `nil.to_i` in Ruby
    return sleepMs - (sleepMs * remaining) / knownLimit;
  }),
);
