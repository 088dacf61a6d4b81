import { decodePreamble, frameAt, preambleBytes, type Secret } from '@weir/segment-log/frame';
import { decodeHeader, type SegmentHeader } from '../spool/segment-header.ts';
import { type RecordFacts, readFacts } from './record-facts.ts';

/** A segment's header, and where its records lie in its bytes. */
export interface SegmentRecords {
  readonly header: SegmentHeader;
  /** How many batches it holds. */
  readonly count: number;
  /** The record of the batch with this ordinal, as a view into the segment. */
  payload(ordinal: number): Buffer;
  /** What a first look at that batch tells, without a view of it: making one takes 0.1 µs. */
  facts(ordinal: number): RecordFacts;
}

/** Bytes that no spool wrote, or that were damaged since. */
export class SegmentDamaged extends Error {
  override readonly name = 'SegmentDamaged';
}

/** Finds the records of a whole segment: its spool has cut it to what is known good. */
export function readRecords(segment: Uint8Array): SegmentRecords {
  const bytes = Buffer.from(segment.buffer, segment.byteOffset, segment.length);
  const secret = decodePreamble(bytes);
  if (secret === undefined) throw new SegmentDamaged('the segment has no beginning');
  const { starts, ends } = findRecords(bytes, secret);
  if (starts.length === 0) throw new SegmentDamaged('the segment has no header');
  const at = (record: number) => bytes.subarray(starts[record], ends[record]);
  return {
    header: decodeHeader(at(0)),
    count: starts.length - 1,
    payload: (ordinal) => at(ordinal + 1),
    facts: (ordinal) =>
      readFacts(bytes, starts[ordinal + 1] as number, ends[ordinal + 1] as number),
  };
}

function findRecords(bytes: Buffer, secret: Secret): { starts: number[]; ends: number[] } {
  const starts: number[] = [];
  const ends: number[] = [];
  for (let at = preambleBytes; at < bytes.length; ) {
    const frame = frameAt(bytes, at, secret);
    if (frame === undefined) throw new SegmentDamaged(`the segment is damaged at byte ${at}`);
    if (frame.durable === undefined) {
      starts.push(frame.from);
      ends.push(frame.end);
    }
    at = frame.end;
  }
  return { starts, ends };
}
