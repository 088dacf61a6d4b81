import type { World } from '@weir/core/world/world';
import type { ReadyReason } from '../admin.ts';
import type { Settings } from '../config.ts';
import type { DeliveryEvents } from '../delivery/delivery-events.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { CostMetrics } from '../metrics/metrics-cost.ts';
import { formatStore } from '../metrics/metrics-governor.ts';
import { meteredStore } from '../metrics/metrics-store.ts';
import { placesIn } from '../settings/read-settings.ts';
import { govern } from './govern.ts';
import { openDirectory, openS3 } from './open-store.ts';
import type { Store } from './store.ts';
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
  const metered = meteredStore(wrapped, counter, world);
  const { s3MaxConcurrency: maxConcurrency } = settings;
  const governed =
    bucket && govern({ bucket, plain: wrapped, metered }, { ...deps, maxConcurrency });
  return {
    store: governed?.store ?? metered,
    writesAtOnce: bucket === undefined ? 1 : settings.s3MaxConcurrency,
    listeners: [cost, stuck],
    reasons: () => [
      ...(governed?.reasons() ?? []).map((reason) => ({ reason, blocks: false })),
      ...stuck.reasons(),
    ],
    format: () => `${cost.format()}${formatStore(stuck.count, governed?.status())}`,
    stop: async () => {
      await governed?.stop();
      bucket?.close();
    },
  };
}
