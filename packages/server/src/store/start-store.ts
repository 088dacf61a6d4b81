import type { World } from '@weir/core/world/world';
import type { ReadyReason } from '../admin.ts';
import type { Settings } from '../config.ts';
import type { DeliveryEvents } from '../delivery/delivery-events.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { CostMetrics } from '../metrics/metrics-cost.ts';
import { formatStore } from '../metrics/metrics-governor.ts';
import { MeteredStore } from '../metrics/metrics-store.ts';
import { placesIn } from '../settings/read-settings.ts';
import { GovernedStore } from './governed.ts';
import { Governor, type GovernorStatus } from './governor.ts';
import { openDirectory, openS3 } from './open-store.ts';
import { StoreProbe } from './probe.ts';
import type { S3Store } from './s3.ts';
import type { Store } from './store.ts';
import { StoreHealth } from './store-health.ts';
import { StuckSegments } from './stuck-segments.ts';

export interface StartStoreDeps {
  readonly world: World;
  readonly log: Log;
  readonly metrics: Metrics;
  /** What a test puts around the real thing. */
  readonly wrap: ((store: Store) => Store) | undefined;
}

/** A store in use, with all that is known of it. */
export interface StartedStore {
  readonly store: Store;
  /** How many objects of one segment are written at once, at most. */
  readonly writesAtOnce: number;
  readonly listeners: readonly Partial<DeliveryEvents>[];
  reasons(): readonly ReadyReason[];
  /** In Prometheus' text format. */
  format(): string;
  stop(): Promise<void>;
}

/** Opens the store that the settings choose. A bucket need not be there yet, or be allowed. */
export async function startStore(settings: Settings, deps: StartStoreDeps): Promise<StartedStore> {
  const { world, metrics, wrap } = deps;
  const cost = new CostMetrics(settings.putDollarsPerThousand);
  const stuck = new StuckSegments();
  const counter: Pick<Metrics, 'put'> = {
    put(result, bytes, tookMs) {
      metrics.put(result, bytes, tookMs);
      cost.put(bytes);
    },
  };
  const bucket = await openS3(settings, world);
  const chosen = bucket ?? (await openDirectory(placesIn(settings).store, world));
  const wrapped = wrap?.(chosen) ?? chosen;
  const metered = new MeteredStore(wrapped, counter, world);
  const governed = bucket && govern(bucket, { wrapped, metered }, settings, deps);
  return {
    store: governed?.store ?? metered,
    writesAtOnce: bucket === undefined ? 1 : settings.s3MaxConcurrency,
    listeners: [cost, stuck],
    reasons: () => [...(governed?.reasons() ?? []), ...stuck.reasons()],
    format: () => `${cost.format()}${formatStore(stuck.count, governed?.status())}`,
    stop: async () => {
      await governed?.stop();
    },
  };
}

interface Governed extends Pick<StartedStore, 'store' | 'reasons' | 'stop'> {
  status(): GovernorStatus;
}

function govern(
  bucket: S3Store,
  { wrapped, metered }: { readonly wrapped: Store; readonly metered: Store },
  { s3MaxConcurrency: maxConcurrency }: Settings,
  { world, log }: StartStoreDeps,
): Governed {
  const probe = new StoreProbe(wrapped, world);
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
    probe: new StoreProbe(wrapped, world),
    governor,
    aheadMs,
    world,
    log,
  });
  return {
    store: new GovernedStore(metered, governor),
    reasons: () => health.reasons().map((reason) => ({ reason, blocks: false })),
    status: () => governor.status(),
    async stop() {
      await health.stop();
      await governor.close();
      bucket.close();
    },
  };
}
