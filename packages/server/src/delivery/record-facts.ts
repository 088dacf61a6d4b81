/** What grouping must know of a record before any of it is cut. */
export interface RecordFacts {
  readonly tenant: string;
  readonly accepted: number;
  readonly arrivedAtMs: number;
  readonly bodyBytes: number;
}

/**
 * Reads these alone, where decoding whole records for a first look took 5 % of all packing. The
 * layout is that of `decodeRecord`, and a test holds them together.
 */
export function readFacts(payload: Uint8Array): RecordFacts {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  return {
    tenant: bytes.toString('latin1', 19, 19 + (bytes[18] as number)),
    accepted: bytes.readUInt32LE(6),
    arrivedAtMs: bytes.readDoubleLE(10),
    bodyBytes: bytes.length - bytes.readUInt32LE(0),
  };
}
