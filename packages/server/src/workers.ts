import type { World } from '@weir/core/world/world';
import { Backoff, type BackoffOptions } from './delivery/backoff.ts';
import type { Delivery, DeliveryEvents } from './delivery/delivery-events.ts';
import type { Packer } from './delivery/packer.ts';
import { putSegment } from './delivery/put-segment.ts';
import { SegmentDamaged } from './delivery/segment-records.ts';
import type { Lease, Spool } from './spool/spool.ts';
import type { Store } from './store/store.ts';

export interface DeliveryDeps {
  readonly spool: Pick<Spool, 'lease'>;
  readonly packer: Packer;
  readonly store: Store;
  readonly world: World;
  readonly events: DeliveryEvents;
  /** Segments under way at once. */
  readonly maxWorkers: number;
  /** Objects of one segment that are written at once. */
  readonly writesAtOnce: number;
  readonly backoff: BackoffOptions;
}

/** Delivers segment after segment until the spool is closed, or `signal` says stop. */
export async function deliver(deps: DeliveryDeps, signal: AbortSignal): Promise<void> {
  const workers = Array.from({ length: deps.maxWorkers }, () => work(deps, signal));
  await Promise.all(workers);
}

/**
 * One worker: the life of segment after segment. All that is lost by stopping anywhere in it is
 * work: the next one to lease the segment makes the same objects.
 */
async function work(deps: DeliveryDeps, signal: AbortSignal): Promise<void> {
  const { spool, packer, world, events } = deps;
  const backoff = new Backoff(world, deps.backoff);
  for (;;) {
    const lease = await spool.lease(signal);
    if (lease === undefined) return;
    let delivery: Delivery;
    const startedMs = world.now();
    try {
      const packed = await packer.pack(lease.source, signal);
      const manifest = await putSegment(packed, { ...deps, backoff }, signal);
      await lease.done(); // only now may the spool forget it
      delivery = { manifest, traces: packed.traces, tookMs: world.now() - startedMs };
    } catch (error) {
      if (signal.aborted) return lease.release();
      await giveBack(lease, error, events);
      await backoff.wait(error, signal);
      continue;
    }
    backoff.reset();
    events.delivered(delivery);
  }
}

/** Others that wait come first; a segment that can never be delivered is set aside for a person. */
async function giveBack(lease: Lease, error: unknown, events: DeliveryEvents): Promise<void> {
  if (!(error instanceof SegmentDamaged)) {
    lease.release();
    events.retried(lease, error);
    return;
  }
  events.alarm(`${lease.writer}-${lease.segment}`, `set aside: ${error.message}`);
  await lease.quarantine().catch((reason: unknown) => {
    lease.release();
    events.retried(lease, reason);
  });
}
