import { NewerFormat } from '@weir/segment-log/frame';
import type { Codec } from '../store/store.ts';

/**
 * The first record of a segment. It freezes all that delivery depends on, so that what becomes of a
 * segment is a pure function of its bytes: delivery reads no setting.
 */
export interface SegmentHeader {
  /** Of this format. Older ones are delivered, newer ones refused with a clear message. */
  readonly version: 1;
  readonly writer: string;
  readonly segment: number;
  /** Start of the wall hour in which every batch of it arrived, whole milliseconds, UTC. */
  readonly hourMs: number;
  /** Name template of its objects; see object-key.ts. */
  readonly template: string;
  readonly codec: Codec;
  readonly level: number;
  /** Most objects it may become. */
  readonly maxObjects: number;
  /** At this many bytes it was sealed for its size; below, for its age, its count or the hour. */
  readonly sealBytes: number;
  /** Where it was sealed for its size, a tenant with fewer bytes than this goes to `_mixed`. */
  readonly ownObjectBytes: number;
  /** 20 hex digits at random: the ids weir makes for events count up from here. */
  readonly idSeed: string;
}

export function encodeHeader(header: SegmentHeader): Uint8Array {
  return Buffer.from(JSON.stringify(header));
}

/** Throws `NewerFormat` where a newer version wrote it. */
export function decodeHeader(bytes: Uint8Array): SegmentHeader {
  const header = JSON.parse(Buffer.from(bytes).toString('utf8')) as SegmentHeader;
  if (header.version !== 1) throw new NewerFormat(Number(header.version));
  return header;
}
