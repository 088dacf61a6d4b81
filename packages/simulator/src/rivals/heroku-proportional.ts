import type { Strategy } from '../model/strategy.ts';
import { knownLimit, sleepingClients } from './heroku.ts';
import { rival } from './rival.ts';

/** `ExponentialIncreaseProportionalDecrease` of zombocom/rate_throttle_client. */
export const herokuProportional: Strategy = rival(
  'heroku-proportional',
  'sleeps before each request; a success takes 1/4500 off (Heroku gem)',
  sleepingClients((sleepMs) => sleepMs - sleepMs / knownLimit),
);
