import { recover } from '@weir/segment-log/recover';
import type { PlaceRange } from './place-set.ts';

// An event:   u8 1 | f64 place | u16 length of the ordering key | the key | the event's text
// A control:  u8 2 | JSON of one of the members of `Control`

const eventHeadBytes = 11;
const kinds = { event: 1, control: 2 } as const;
/** The version of this layout; the header of every segment says it. */
export const spoolFormat = 1;

/** What a segment begins with. */
export interface SpoolHeader {
  readonly format: number;
  readonly segment: number;
  /** The place of the first event that may stand in it. */
  readonly firstPlace: number;
}

export interface SpooledEvent {
  readonly place: number;
  readonly orderingKey: string | undefined;
  readonly text: string;
}

/** `closed`: these events, in this order, are one batch; `split`: in halves; `done`: forget these. */
export type Control =
  | { readonly closed: string; readonly places: readonly PlaceRange[]; readonly atMs: number }
  | { readonly split: string }
  | { readonly done: readonly PlaceRange[] };

export type SpoolRecord =
  | { readonly is: 'event'; readonly event: SpooledEvent }
  | { readonly is: 'control'; readonly control: Control };

export function encodeEventHead({ place, orderingKey = '' }: Omit<SpooledEvent, 'text'>): Buffer {
  const keyBytes = Buffer.byteLength(orderingKey);
  const head = Buffer.alloc(eventHeadBytes + keyBytes);
  head[0] = kinds.event;
  head.writeDoubleLE(place, 1);
  head.writeUInt16LE(keyBytes, 9);
  head.write(orderingKey, eventHeadBytes, 'utf8');
  return head;
}

export function encodeControl(control: Control): Buffer {
  return Buffer.concat([Buffer.of(kinds.control), Buffer.from(JSON.stringify(control))]);
}

export function encodeHeader(header: SpoolHeader): Buffer {
  return Buffer.from(JSON.stringify(header));
}

/** undefined where the bytes are none of this format. */
export function decodeHeader(bytes: Uint8Array): SpoolHeader | undefined {
  try {
    const header = JSON.parse(Buffer.from(bytes).toString()) as SpoolHeader;
    return Number.isSafeInteger(header.format) && Number.isSafeInteger(header.segment)
      ? header
      : undefined;
  } catch {
    return undefined;
  }
}

/** undefined where the record is none that this version writes. */
export function decodeRecord(payload: Uint8Array): SpoolRecord | undefined {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  if (bytes[0] === kinds.control) {
    return { is: 'control', control: JSON.parse(bytes.subarray(1).toString()) as Control };
  }
  if (bytes[0] !== kinds.event || bytes.length < eventHeadBytes) return undefined;
  const textAt = eventHeadBytes + bytes.readUInt16LE(9);
  const key = bytes.toString('utf8', eventHeadBytes, textAt);
  const event = {
    place: bytes.readDoubleLE(1),
    orderingKey: key === '' ? undefined : key,
    text: bytes.toString('utf8', textAt),
  };
  return { is: 'event', event };
}

/** All events of a file, over or not. */
export function eventsIn(file: Uint8Array): SpooledEvent[] {
  const { records } = recover(file, { cutBytes: Infinity, durableBytes: 0 });
  return records.flatMap((payload) => {
    const record = decodeRecord(payload);
    return record?.is === 'event' ? [record.event] : [];
  });
}
