import { expect, test } from 'vitest';
import type { Manifest } from '../delivery/manifest.ts';
import { StoreError } from './store.ts';
import { StuckSegments } from './stuck-segments.ts';

const denied = new StoreError('refused', 's3:PutObject is not allowed');
const named = (segment: number) => ({ writer: 'w', segment });
const manifest = (segment: number) => ({ manifest: named(segment) as Manifest });

test('tells of the segments that even _dead does not take, until they are delivered', () => {
  const stuck = new StuckSegments();
  stuck.retried(named(1), denied);
  stuck.retried(named(1), denied);
  stuck.retried(named(2), new StoreError('trouble', 'no answer'));
  stuck.retried(named(3), new Error('a bug'));
  const reason = 'segment w-1 stays in the spool: s3:PutObject is not allowed';
  expect(stuck.reasons()).toEqual([{ reason, blocks: false }]);
  expect(stuck.count).toBe(1);
  stuck.delivered(manifest(1));
  expect(stuck.reasons()).toEqual([]);
});

test('names a few, counts the others, and remembers no more than it may', () => {
  const stuck = new StuckSegments();
  for (let i = 1; i <= 10_001; i += 1) stuck.retried(named(i), denied);
  expect(stuck.count).toBe(10_000);
  expect(stuck.reasons()).toHaveLength(4);
  expect(stuck.reasons()[3]?.reason).toBe('and 9997 more segments stay in the spool');
});
