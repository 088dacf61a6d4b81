import { zstdDecompressSync } from 'node:zlib';
import type { Random } from '@weir/core/world/random';
import type { Faults } from '@weir/s3-double/faults';
import type { S3Double } from '@weir/s3-double/server';

/** The environment of whoever uses the bucket of a double; objects are sealed soon. */
export function bucketAt(
  endpoint: string,
  changes: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    S3_BUCKET: 'weir',
    S3_ENDPOINT: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test-secret',
    AWS_REGION: 'us-east-1',
    WEIR_SEGMENT_AGE_MS: '100',
    ...changes,
  };
}

/** Ids of all events in the bucket, in the order of keys; what lies in `_dead` is not among them. */
export function idsIn(double: S3Double): string[] {
  return double
    .objects()
    .filter(({ key }) => key.endsWith('.ndjson.zst'))
    .flatMap(({ bytes }) => zstdDecompressSync(bytes).toString().trimEnd().split('\n'))
    .map((line) => (JSON.parse(line) as { id: string }).id);
}

/** How a bucket misbehaves for a while: mostly all at once, sometimes it is gone or forbids much. */
export function drawFaults({ uniform }: Random): Partial<Faults> {
  const share = (most: number) => (uniform() < 0.7 ? most : 0);
  const lot = uniform();
  return {
    latencyMedianMs: 5,
    latencyP99Ms: uniform() < 0.3 ? 1_000 : 50,
    slowDown: share(0.3),
    resetAfterCommit: share(0.2),
    resetBeforeCommit: share(0.05),
    internalError: share(0.05),
    cutReply: share(0.03),
    hang: share(0.02),
    conflict: share(0.1),
    outage: lot < 0.05 ? 'reset' : lot < 0.1 ? 'hang' : lot < 0.15 ? 'unavailable' : undefined,
    denied: lot > 0.85 ? [{ prefix: 'tenant=', kinds: ['put'] }] : [],
  };
}
