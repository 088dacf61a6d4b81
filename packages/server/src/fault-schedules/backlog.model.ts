import { VirtualWorld } from '@weir/core/world/virtual';
import { type PackedSegment, pack } from '../delivery/pack.ts';
import { exampleBatch, exampleHeader, segmentOf } from '../delivery/segment-of.ts';
import type { Lease } from '../spool/spool.ts';
import { govern } from '../store/govern.ts';
import { S3Store } from '../store/s3.ts';
import { deliver } from '../workers.ts';
import { MemoryBucket } from './memory-bucket.model.ts';
import type { Weather } from './weather.model.ts';

export interface Backlog {
  readonly segments: number;
  /** Each with an object of its own in each segment. */
  readonly tenants: number;
  readonly weather: Weather;
  readonly seed: number;
  readonly workers: number;
}

/** How a backlog was delivered. */
export interface Delivered {
  /** PUTs of all kinds, by what they made. */
  readonly attemptsAnObject: number;
  readonly objectsPerSecond: number;
}

const quiet = { info: () => undefined, error: () => undefined };
const maxConcurrency = 32;

/** Delivers a backlog to a bucket in virtual time, with the workers and bounds that are usual. */
export async function deliverBacklog(backlog: Backlog): Promise<Delivered> {
  const world = new VirtualWorld({ seed: backlog.seed });
  const bucket = new MemoryBucket(world);
  bucket.weather = backlog.weather;
  const store = S3Store.over(
    bucket.client(() => true),
    { ...place, world },
  );
  const deps = { world, log: quiet, maxConcurrency };
  const governed = govern({ bucket: store, plain: store, metered: store }, deps);
  const packed = packedSegments(backlog);
  const ended = deliver(
    {
      spool: { lease: async () => packed.shift()?.lease },
      packer: { pack: async (source) => (source as unknown as { packed: PackedSegment }).packed },
      store: governed.store,
      world,
      events: { delivered() {}, retried() {}, dead() {}, alarm() {} },
      maxWorkers: backlog.workers,
      writesAtOnce: maxConcurrency,
      backoff: { firstMs: 20, longestMs: 30_000 },
    },
    new AbortController().signal,
  );
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
  await settled();
  while (!isOver && world.step()) await settled();
  await ended;
  const made = bucket.created.filter(({ key }) => !key.startsWith('_probe/'));
  return {
    attemptsAnObject: bucket.requests.put / made.length,
    objectsPerSecond: (made.length * 1_000) / world.now(),
  };
}

/** All packed before time begins: what is measured is the store's share. */
function packedSegments({ segments, tenants }: Backlog): { lease: Lease }[] {
  return Array.from({ length: segments }, (_, i) => {
    const batches = Array.from({ length: tenants }, (_, n) => exampleBatch({ tenant: `t${n}` }));
    const header = { ...exampleHeader, segment: i + 1, maxObjects: 16 };
    const packed = pack(segmentOf(batches, header));
    const source = { path: '', packed };
    const nothing = async () => undefined;
    const { writer } = exampleHeader;
    const lease = { writer, segment: i + 1, source, done: nothing, quarantine: nothing };
    return { lease: { ...lease, release: () => undefined } };
  });
}

const place = {
  bucket: 'weir',
  endpoint: 'memory',
  region: 'us-east-1',
  pathStyle: true,
  prefix: '',
  sse: undefined,
  sseKmsKeyId: undefined,
  storageClass: undefined,
  attemptMs: 10_000,
  maxConcurrency,
} as const;
