import type { RejectedEvent } from '@weir/core/wire/event';
import type { Receipt } from '@weir/core/wire/receipt';

/**
 * How the events lie in a body: one JSON object; an array of them; `{"events":[…]}`; one a line; or
 * the data alone, with the attributes in headers (CloudEvents binary mode).
 */
export const shapes = ['event', 'array', 'wrapper', 'ndjson', 'binary'] as const;
export type Shape = (typeof shapes)[number];

/** An `Idempotency-Key` and the body it came with, as hashes of 16 bytes each. */
export interface Idempotency {
  readonly key: Uint8Array;
  readonly body: Uint8Array;
}

/** The answer a repeated key gets, and the hash of the body it belongs to. */
export interface Repeat {
  readonly receipt: Receipt;
  readonly body: Uint8Array;
}

/** What one request leaves in the spool: the body as it was sent, and what parsing found out. */
export interface Batch {
  readonly tenant: string;
  readonly keyId: string;
  readonly shape: Shape;
  /** How many events of the body were taken, at least 1. */
  readonly accepted: number;
  /** The others, by rising index; so both sides agree which events of the body count. */
  readonly rejected: readonly RejectedEvent[];
  /**
   * Which attributes the accepted events lack, as bits of `missing`: one number where all are
   * alike, otherwise a byte for each accepted event, in order.
   */
  readonly missing: number | Uint8Array;
  /** The attributes of an event in binary mode, already checked; absent in every other shape. */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  readonly traceparent?: string | undefined;
  readonly idempotency?: Idempotency | undefined;
  /** The decoded body, byte for byte as it was sent. */
  readonly body: Uint8Array;
}

/** A batch as it comes out of a segment. */
export interface StoredBatch extends Batch {
  /** Wall clock of this weir when the batch was appended, whole milliseconds. */
  readonly arrivedAtMs: number;
}

// Layout, little-endian:
//   u32 length of all that precedes the body | u8 flags | u8 shape | u32 accepted | f64 arrivedAtMs
//   | u8 length + tenant | u8 length + key id | missing: u8, or one byte an accepted event
//   | [16 + 16 bytes idempotency] | [u8 length + traceparent] | [u32 length + JSON details] | body
const flag = { idempotency: 1, traceparent: 2, details: 4, missingPerEvent: 8 } as const;
const fixedBytes = 18;

let scratch = Buffer.allocUnsafe(64 * 1024);

/** Most bytes that `encodeMeta` can need for this batch. */
function bound(batch: Batch, details: string): number {
  const perEvent = typeof batch.missing === 'number' ? 1 : batch.missing.length;
  return fixedBytes + 3 * 256 + 32 + perEvent + 4 + 3 * details.length;
}

function detailsOf({ rejected, attributes }: Batch): string {
  if (rejected.length === 0 && attributes === undefined) return '';
  return JSON.stringify({ rejected, attributes });
}

/**
 * All of a record that precedes its body. The bytes lie in a shared buffer: they are valid until
 * the next call, so copy them at once.
 */
export function encodeMeta(batch: Batch, arrivedAtMs: number): Uint8Array {
  const { missing, idempotency, traceparent } = batch;
  const details = detailsOf(batch);
  const most = bound(batch, details);
  if (scratch.length < most) scratch = Buffer.allocUnsafe(most);
  const target = scratch;
  let at = fixedBytes;
  at = writeShort(target, batch.tenant, at);
  at = writeShort(target, batch.keyId, at);
  let flags = 0;
  if (typeof missing === 'number') {
    target[at++] = missing;
  } else {
    flags |= flag.missingPerEvent;
    target.set(missing, at);
    at += missing.length;
  }
  if (idempotency !== undefined) {
    flags |= flag.idempotency;
    target.set(idempotency.key, at);
    target.set(idempotency.body, at + 16);
    at += 32;
  }
  if (traceparent !== undefined) {
    flags |= flag.traceparent;
    at = writeShort(target, traceparent, at);
  }
  if (details !== '') {
    flags |= flag.details;
    const bytes = target.write(details, at + 4, 'utf8');
    target.writeUInt32LE(bytes, at);
    at += 4 + bytes;
  }
  target.writeUInt32LE(at, 0);
  target[4] = flags;
  target[5] = shapes.indexOf(batch.shape);
  target.writeUInt32LE(batch.accepted, 6);
  target.writeDoubleLE(arrivedAtMs, 10);
  return target.subarray(0, at);
}

/** Tenants, key ids and trace contexts are ASCII of at most 255 characters, checked where made. */
function writeShort(target: Buffer, text: string, at: number): number {
  target[at] = target.write(text, at + 1, 'latin1');
  return at + 1 + text.length;
}

/** Reads what `encodeMeta` and the body made; the body is a view into `payload`. */
export function decodeRecord(payload: Uint8Array): StoredBatch {
  // Each view takes 0.1 µs, so none is made that is not needed.
  const bytes = Buffer.isBuffer(payload)
    ? payload
    : Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  const reader = { at: fixedBytes };
  const flags = bytes[4] as number;
  const accepted = bytes.readUInt32LE(6);
  const tenant = readShort(bytes, reader);
  const keyId = readShort(bytes, reader);
  const perEvent = (flags & flag.missingPerEvent) !== 0;
  const missing = perEvent ? take(bytes, reader, accepted) : (bytes[reader.at++] as number);
  const idempotency =
    (flags & flag.idempotency) === 0
      ? undefined
      : { key: take(bytes, reader, 16), body: take(bytes, reader, 16) };
  const traceparent = (flags & flag.traceparent) === 0 ? undefined : readShort(bytes, reader);
  const { rejected, attributes } = readDetails(bytes, flags, reader);
  return {
    tenant,
    keyId,
    shape: shapes[bytes[5] as number] as Shape,
    accepted,
    rejected,
    missing,
    attributes,
    traceparent,
    idempotency,
    arrivedAtMs: bytes.readDoubleLE(10),
    body: bytes.subarray(bytes.readUInt32LE(0)),
  };
}

interface Details {
  readonly rejected: readonly RejectedEvent[];
  readonly attributes?: Readonly<Record<string, string>>;
}

const noDetails: Details = { rejected: [] };

function readDetails(bytes: Buffer, flags: number, reader: { at: number }): Details {
  if ((flags & flag.details) === 0) return noDetails;
  const length = bytes.readUInt32LE(reader.at);
  reader.at += 4;
  return JSON.parse(take(bytes, reader, length).toString('utf8')) as Details;
}

function readShort(bytes: Buffer, reader: { at: number }): string {
  const from = reader.at + 1;
  reader.at = from + (bytes[reader.at] as number);
  return bytes.toString('latin1', from, reader.at);
}

function take(bytes: Buffer, reader: { at: number }, length: number): Buffer {
  const from = reader.at;
  reader.at += length;
  return bytes.subarray(from, reader.at);
}
