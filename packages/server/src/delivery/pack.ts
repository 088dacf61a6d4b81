import { NewerFormat } from '@weir/segment-log/frame';
import { mixedTenant, objectKey } from '../object-key.ts';
import { decodeRecord, type StoredBatch } from '../spool/record.ts';
import type { SegmentHeader } from '../spool/segment-header.ts';
import type { ByteSums } from '../store/byte-sums.ts';
import { LineCutter } from './cut-lines.ts';
import { isoTime } from './iso-time.ts';
import type { ManifestObject } from './manifest.ts';
import { ObjectWriter } from './object-writer.ts';
import { ownTenants } from './partition.ts';
import { readRecords, SegmentDamaged, type SegmentRecords } from './segment-records.ts';

/** One object, ready to be put. */
export interface PackedObject {
  /** What the manifest will say of it, but for its state. */
  readonly facts: Omit<ManifestObject, 'state'>;
  /** Owns its memory, so that it can move between threads. */
  readonly bytes: Uint8Array;
  /** Of `bytes`: made here, off the thread that sends them and answers requests. */
  readonly sums: ByteSums;
}

/** A sampled request, whose trace goes on to the object that holds its events. */
export interface PackedTrace {
  readonly traceparent: string;
  readonly ordinal: number;
  /** Index of its object. */
  readonly object: number;
}

/** All that becomes of a segment. */
export interface PackedSegment {
  readonly writer: string;
  readonly segment: number;
  readonly sealedAt: string;
  readonly codec: SegmentHeader['codec'];
  readonly objects: readonly PackedObject[];
  /** Of its first sampled requests, object by object; at most `mostTraces`. */
  readonly traces: readonly PackedTrace[];
}

export const mostTraces = 128;

/** What a first look at the records tells: who shares which object, and how events are numbered. */
interface Survey {
  readonly header: SegmentHeader;
  readonly cutter: LineCutter;
  readonly records: SegmentRecords;
  /** By ordinal: how many events of the segment precede the batch. */
  readonly firstEvents: readonly number[];
  readonly partitions: readonly Partition[];
  readonly lastMs: number | undefined;
}

/** The batches of one object. */
interface Partition {
  /** A tenant, or `_mixed`. */
  readonly tenant: string;
  readonly ordinals: number[];
}

/**
 * What becomes of a segment: which objects, their names, lines and bytes. A pure function of the
 * segment's bytes: it reads no setting and no clock, so that retrying, crashing in the middle or
 * two workers on one segment all write the same objects.
 *
 * Runs for about 6 ms a MiB and holds the lines of one object at a time. Throws `SegmentDamaged`
 * where the bytes are not what a spool wrote, and `NewerFormat` where a newer weir wrote them.
 */
export function pack(segment: Uint8Array): PackedSegment {
  try {
    return packRecords(segment);
  } catch (error) {
    // Whatever else went wrong lies in the bytes and would go wrong again, but for want of memory.
    if (error instanceof NewerFormat || isMemory(error)) throw error;
    throw new SegmentDamaged((error as Error).message, { cause: error });
  }
}

function isMemory(error: unknown): boolean {
  return error instanceof RangeError && /allocation failed/i.test(error.message);
}

function packRecords(segment: Uint8Array): PackedSegment {
  const survey = surveyRecords(segment);
  const { header, partitions, lastMs } = survey;
  const traces: PackedTrace[] = [];
  const objects = partitions.map((partition, index) => {
    const object = packObject(survey, partition);
    for (const trace of object.traces) {
      if (traces.length < mostTraces) traces.push({ ...trace, object: index });
    }
    return { facts: object.facts, bytes: object.bytes, sums: object.sums };
  });
  return {
    writer: header.writer,
    segment: header.segment,
    sealedAt: isoTime(lastMs ?? header.hourMs),
    codec: header.codec,
    objects,
    traces,
  };
}

function surveyRecords(segment: Uint8Array): Survey {
  const records = readRecords(segment);
  const { header } = records;
  const firstEvents: number[] = [];
  const shares = new Map<string, { tenant: string; bytes: number; ordinals: number[] }>();
  let events = 0;
  let lastMs: number | undefined;
  for (let ordinal = 0; ordinal < records.count; ordinal += 1) {
    const { tenant, accepted, arrivedAtMs, bodyBytes } = records.facts(ordinal);
    firstEvents.push(events);
    events += accepted;
    lastMs = Math.max(lastMs ?? 0, arrivedAtMs);
    let share = shares.get(tenant);
    if (share === undefined) {
      share = { tenant, bytes: 0, ordinals: [] };
      shares.set(tenant, share);
    }
    share.bytes += bodyBytes;
    share.ordinals.push(ordinal);
  }
  const own = header.template.includes('{tenant}')
    ? ownTenants([...shares.values()], header, segment.length)
    : [];
  const partitions: Partition[] = [];
  for (const tenant of own) {
    partitions.push({ tenant, ordinals: shares.get(tenant)?.ordinals ?? [] });
    shares.delete(tenant);
  }
  const mixed = [...shares.values()].flatMap(({ ordinals }) => ordinals);
  mixed.sort((a, b) => a - b);
  if (mixed.length > 0) partitions.push({ tenant: mixedTenant, ordinals: mixed });
  return { header, cutter: new LineCutter(header), records, firstEvents, partitions, lastMs };
}

/** What gathers while an object's batches go by. */
interface Tally {
  events: number;
  firstMs: number;
  lastMs: number;
  readonly tenants: Map<string, number>;
  readonly gaps: Map<number, number[]>;
  readonly traces: { traceparent: string; ordinal: number }[];
}

function packObject(survey: Survey, partition: Partition) {
  const { header, cutter, records, firstEvents } = survey;
  const writer = new ObjectWriter(header.codec, header.level);
  const tally: Tally = {
    events: 0,
    firstMs: Infinity,
    lastMs: 0,
    tenants: new Map(),
    gaps: new Map(),
    traces: [],
  };
  for (const ordinal of partition.ordinals) {
    const batch = decodeRecord(records.payload(ordinal));
    cutter.cut(batch, ordinal, firstEvents[ordinal] as number, writer.lines);
    writer.flushFull();
    count(tally, batch, ordinal);
  }
  const { bytes, contentBytes, sha256, sums } = writer.finish();
  const facts: PackedObject['facts'] = {
    key: objectKey({ ...header, tenant: partition.tenant }),
    events: tally.events,
    bytes: bytes.length,
    contentBytes,
    sha256,
    firstTime: isoTime(tally.firstMs),
    lastTime: isoTime(tally.lastMs),
    tenants: Object.fromEntries(tally.tenants),
    ...(tally.gaps.size > 0 && { gaps: Object.fromEntries(tally.gaps) }),
    ...(tally.traces.length > 0 && { traces: traceIdsOf(tally.traces) }),
  };
  return { facts, bytes, sums, traces: tally.traces };
}

function count(tally: Tally, batch: StoredBatch, ordinal: number): void {
  const { tenant, accepted, arrivedAtMs, rejected, traceparent } = batch;
  tally.events += accepted;
  tally.firstMs = Math.min(tally.firstMs, arrivedAtMs);
  tally.lastMs = Math.max(tally.lastMs, arrivedAtMs);
  tally.tenants.set(tenant, (tally.tenants.get(tenant) ?? 0) + accepted);
  if (rejected.length > 0) {
    const indices = rejected.map(({ index }) => index);
    tally.gaps.set(ordinal, indices);
  }
  if (traceparent !== undefined && isSampled(traceparent) && tally.traces.length < mostTraces) {
    tally.traces.push({ traceparent, ordinal });
  }
}

function traceIdsOf(traces: Tally['traces']): Record<string, string> {
  return Object.fromEntries(
    traces.map(({ traceparent, ordinal }) => [ordinal, traceparent.slice(3, 35)]),
  );
}

/** The last two digits of a W3C trace context are its flags; the lowest bit says sampled. */
function isSampled(traceparent: string): boolean {
  return (Number.parseInt(traceparent.slice(-2), 16) & 1) === 1;
}
