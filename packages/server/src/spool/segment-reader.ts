import { recover } from '@weir/segment-log/recover';
import { decodeRecord, type StoredBatch } from './record.ts';
import { decodeHeader, type SegmentHeader } from './segment-header.ts';

/** What a sealed segment holds. */
export interface SegmentContent {
  readonly header: SegmentHeader;
  /** How many batches there are. */
  readonly requests: number;
  /** The batches in the order of their ordinals, decoded one at a time; bodies are views. */
  readonly batches: () => Iterable<StoredBatch>;
}

/** A sealed segment is no longer what was written: it belongs in quarantine. */
export class DamagedSegment extends Error {
  override readonly name = 'DamagedSegment';
}

/** Reads a sealed segment; throws `DamagedSegment`, or an error that says its format is newer. */
export function readSegment(bytes: Uint8Array): SegmentContent {
  const { verdict, end, records } = recover(bytes, { cutBytes: Infinity, durableBytes: Infinity });
  const [header, ...payloads] = records;
  if (verdict !== 'clean' || header === undefined) {
    throw new DamagedSegment(`damaged at byte ${end} of ${bytes.length}`);
  }
  return {
    header: decodeHeader(header),
    requests: payloads.length,
    *batches() {
      for (const payload of payloads) yield decodeRecord(payload);
    },
  };
}
