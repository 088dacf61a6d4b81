import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '@weir/core/world/random';
import { changeFaults } from '@weir/s3-double/change-faults';
import { noFaults } from '@weir/s3-double/faults';
import type { S3Double } from '@weir/s3-double/server';
import { bucketAt, drawFaults, idsIn } from './bucket.ts';
import type { ChaosStore } from './chaos.ts';

export interface ChaosBucketOptions {
  /** Of the faults: the same lives get the same ones again. */
  readonly seed: number;
  /** The life during which the bucket is out of order for long, and how long. */
  readonly outage: { readonly kill: number; readonly ms: number };
}

const longestLifeMs = 2_000;

/** A bucket that misbehaves in each life of a server in another way. */
export function chaosBucket(double: S3Double, options: ChaosBucketOptions): ChaosStore {
  const { seed, outage } = options;
  const random = seededRandom(seed);
  changeFaults(double.faults, drawFaults(random)); // for the first life, before it begins
  return {
    connections: 4, // all the longer it lives, and delivers
    env: bucketAt(double.endpoint, { WEIR_S3_ATTEMPT_MS: '2000' }),
    async lived(kill) {
      changeFaults(double.faults, { ...drawFaults(random) });
      if (kill === outage.kill) await double.outage('reset', outage.ms);
      // Long enough for segments to be tried again and again.
      await sleep(random.uniform() * longestLifeMs);
    },
    mend: () => changeFaults(double.faults, { ...noFaults() }),
    async stored() {
      const counts = new Map<string, number>();
      for (const id of idsIn(double)) counts.set(id, (counts.get(id) ?? 0) + 1);
      return counts;
    },
  };
}
