import { VirtualWorld } from '@weir/core/world/virtual';
import type { Batch } from '../spool/record.ts';
import type { SegmentHeader } from '../spool/segment-header.ts';
import type { Store } from '../store/store.ts';
import { Backoff } from './backoff.ts';
import type { Manifest } from './manifest.ts';
import { pack } from './pack.ts';
import { putSegment } from './put-segment.ts';
import { exampleHeader, segmentOf } from './segment-of.ts';

/** Delivers these batches as one segment, as a worker would; the header as in the example else. */
export async function storeSegment(
  store: Store,
  batches: readonly Batch[],
  header: Partial<SegmentHeader> = {},
): Promise<Manifest> {
  const packed = pack(segmentOf(batches, { ...exampleHeader, ...header }));
  const events = { delivered() {}, retried() {}, dead() {}, alarm() {} };
  const backoff = new Backoff(new VirtualWorld({ seed: 1 }), { firstMs: 1, longestMs: 1 });
  return await putSegment(
    packed,
    { store, events, backoff, writesAtOnce: 2 },
    new AbortController().signal,
  );
}
