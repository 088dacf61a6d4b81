import type { Ms } from '@weir/core/world/world';
import type { Strategy } from '../model/strategy.ts';
import { lonely } from './rival.ts';

// aws-samples/aws-arch-backoff-simulator (66cb169), src/backoff_simulator.py, and M. Brooker,
// "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

export interface BackoffTerms {
  readonly baseMs: Ms;
  readonly capMs: Ms;
}

/** The wait after the attempt of this number failed, from 1; drawn for one client. */
export type Backoff = (attempt: number) => Ms;

export type MakesBackoff = (terms: BackoffTerms, random: () => number) => Backoff;

/** The lesser of cap and base × 2^attempt. */
function exponentialMs({ baseMs, capMs }: BackoffTerms, attempt: number): Ms {
  let waitMs = baseMs;
  for (let i = 0; i < attempt && waitMs < capMs; i += 1) waitMs *= 2;
  return Math.min(capMs, waitMs);
}

export const awsBackoffNames = ['exponential', 'decorrelated', 'equal', 'full', 'none'] as const;
export type AwsBackoffName = (typeof awsBackoffNames)[number];

/** The five of that article. */
export const awsBackoffs: Readonly<Record<AwsBackoffName, MakesBackoff>> = {
  exponential: (terms) => (attempt) => exponentialMs(terms, attempt),
  decorrelated: ({ baseMs, capMs }, random) => {
    let sleepMs = baseMs;
    return (attempt) => {
      const fromMs = attempt === 1 ? baseMs : sleepMs;
      sleepMs = Math.min(capMs, baseMs + random() * (fromMs * 3 - baseMs));
      return sleepMs;
    };
  },
  equal: (terms, random) => (attempt) => {
    const half = exponentialMs(terms, attempt) / 2;
    return half + random() * half;
  },
  full: (terms, random) => (attempt) => random() * exponentialMs(terms, attempt),
  none: () => () => 0,
};

/** Of the AWS SDKs' standard retries. */
const sdkTerms: BackoffTerms = { baseMs: 100, capMs: 20_000 };

function strategy(name: AwsBackoffName, sentence: string): Strategy {
  return lonely(`aws-${name}`, `${sentence} (Brooker, 2015)`, ({ random }) => {
    const backoff = awsBackoffs[name](sdkTerms, random);
    let failures = 0;
    return {
      beforeMs: () => 0,
      afterMs({ cause }) {
        failures = cause === 'ok' ? 0 : failures + 1;
        return failures === 0 ? 0 : backoff(failures);
      },
    };
  });
}

export const awsExponential: Strategy = strategy(
  'exponential',
  'doubles its wait from 0.2 s to 20 s, without chance',
);
export const awsDecorrelated: Strategy = strategy(
  'decorrelated',
  'waits between 0.1 s and three times its last wait, at most 20 s',
);
export const awsEqual: Strategy = strategy(
  'equal',
  'waits between half and all of an exponential backoff up to 20 s',
);
export const awsFull: Strategy = strategy(
  'full',
  'waits between nothing and all of an exponential backoff up to 20 s',
);
export const awsNone: Strategy = strategy('none', 'tries again at once');
