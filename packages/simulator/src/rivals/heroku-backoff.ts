import type { Strategy } from '../model/strategy.ts';
import { jittered, leastSleepMs, multiplier } from './heroku.ts';
import { lonely } from './rival.ts';

/** `ExponentialBackoff` of zombocom/rate_throttle_client: no pace at all until a 429. */
export const herokuBackoff: Strategy = lonely(
  'heroku-backoff',
  'backs off from 0.8 s by a factor of 1.2, and forgets it after a success (Heroku gem)',
  ({ random }) => {
    let sleepMs = leastSleepMs;
    return {
      beforeMs: () => 0,
      afterMs({ cause }) {
        const now = sleepMs;
        sleepMs = cause === 'ok' ? leastSleepMs : sleepMs * multiplier;
        return jittered(now, random);
      },
    };
  },
);
