import { encodeHead, frameBytes, sealRecord } from '@weir/segment-log/frame';
import { defaultTemplate } from '../object-key.ts';
import { type Batch, encodeMeta } from '../spool/record.ts';
import { encodeHeader, type SegmentHeader } from '../spool/segment-header.ts';

/** 2026-01-31, half past ten. */
export const exampleMs: number = 1_769_855_400_000;

export const exampleHeader: SegmentHeader = {
  version: 1,
  writer: 'abcdefghij012345',
  segment: 7,
  hourMs: exampleMs - 1_800_000,
  template: defaultTemplate,
  codec: 'zstd',
  level: 1,
  maxObjects: 16,
  sealBytes: 32 * 1024 * 1024,
  ownObjectBytes: 4 * 1024 * 1024,
  idSeed: '0123456789abcdef0123',
};

/** A batch of one event, unless told otherwise. */
export function exampleBatch(changes: Partial<Batch> = {}): Batch {
  return {
    tenant: 'acme',
    keyId: 'k1',
    shape: 'event',
    accepted: 1,
    rejected: [],
    missing: 15,
    body: Buffer.from('{"type":"order.paid"}'),
    ...changes,
  };
}

/** The bytes that a spool would have written for these batches, each a millisecond after the last. */
export function segmentOf(
  batches: Iterable<Batch>,
  header: SegmentHeader = exampleHeader,
  startMs: number = exampleMs,
): Buffer {
  const { bytes: head, secret } = encodeHead(Buffer.from('mark+seed'), encodeHeader(header));
  const frames = [head];
  let arrivedAtMs = startMs;
  for (const batch of batches) {
    const meta = encodeMeta(batch, arrivedAtMs);
    const frame = Buffer.concat([Buffer.alloc(frameBytes), meta, batch.body]);
    sealRecord(frame, 0, frame.length, secret);
    frames.push(frame);
    arrivedAtMs += 1;
  }
  return Buffer.concat(frames);
}
