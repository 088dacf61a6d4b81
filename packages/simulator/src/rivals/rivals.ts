import type { Strategy } from '../model/strategy.ts';
import { aimd } from './aimd.ts';
import { awsAdaptive } from './aws-adaptive.ts';
import { awsDecorrelated, awsEqual, awsExponential, awsFull, awsNone } from './aws-backoff.ts';
import { fixed } from './fixed.ts';
import { googleSre } from './google-sre.ts';
import { herokuBackoff } from './heroku-backoff.ts';
import { herokuGradual } from './heroku-gradual.ts';
import { herokuProportional } from './heroku-proportional.ts';
import { herokuRemaining } from './heroku-remaining.ts';
import { ideal } from './ideal.ts';
import { retryAfter } from './retry-after.ts';

/** All that ours is compared with, in the order of tables. A new one is a file and a line here. */
export const rivals: readonly Strategy[] = [
  ideal,
  herokuBackoff,
  herokuGradual,
  herokuProportional,
  herokuRemaining,
  awsAdaptive,
  awsExponential,
  awsEqual,
  awsFull,
  awsDecorrelated,
  awsNone,
  googleSre,
  aimd,
  retryAfter,
  fixed,
];
