import type { Strategy } from '../model/strategy.ts';
import { leastSleepMs, sleepingClients } from './heroku.ts';
import { rival } from './rival.ts';

/** `ExponentialIncreaseGradualDecrease` of zombocom/rate_throttle_client. */
export const herokuGradual: Strategy = rival(
  'heroku-gradual',
  'sleeps before each request; a success takes 0.8 s off (Heroku gem)',
  sleepingClients((sleepMs) => sleepMs - leastSleepMs),
);
