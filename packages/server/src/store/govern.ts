import type { World } from '@weir/core/world/world';
import type { Log } from '../log.ts';
import { governedStore } from './governed.ts';
import { Governor, type GovernorStatus } from './governor.ts';
import { StoreProbe } from './probe.ts';
import type { S3Store } from './s3.ts';
import type { Store } from './store.ts';
import { StoreHealth } from './store-health.ts';

/** A bucket, and the ways to it. */
export interface Ungoverned {
  readonly bucket: Pick<S3Store, 'aheadMs'>;
  /** For probes, which are nobody's writes. */
  readonly plain: Store;
  /** The same, where writes are counted. */
  readonly metered: Store;
}

export interface GovernDeps {
  readonly world: World;
  readonly log: Pick<Log, 'info' | 'error'>;
  /** Most writes under way at once. */
  readonly maxConcurrency: number;
}

/** A store that is asked for no more than it bears, and what is wrong with it. */
export interface Governed {
  readonly store: Store;
  /** Sentences for a person, most urgent first. */
  reasons(): readonly string[];
  status(): GovernorStatus;
  /** Ends looking and probing. Who waits for a turn goes on waiting. */
  stop(): Promise<void>;
}

/** Puts a governor before a bucket, and looks at once whether it can be used. */
export function govern(
  { bucket, plain, metered }: Ungoverned,
  { world, log, maxConcurrency }: GovernDeps,
): Governed {
  const probe = new StoreProbe(plain, world);
  const governor = new Governor({
    world,
    maxConcurrency,
    probe: (signal) => probe.write(signal),
    events: {
      stopped: (reason) => log.error({ reason }, 'the store is out of order; it is only probed'),
      resumed: (ms) => log.info({ afterMs: Math.round(ms) }, 'the store works again'),
    },
  });
  const aheadMs = () => bucket.aheadMs;
  const health = new StoreHealth({
    probe: new StoreProbe(plain, world),
    governor,
    aheadMs,
    world,
    log,
  });
  return {
    store: governedStore(metered, governor),
    reasons: () => health.reasons(),
    status: () => governor.status(),
    async stop() {
      await health.stop();
      await governor.close();
    },
  };
}
