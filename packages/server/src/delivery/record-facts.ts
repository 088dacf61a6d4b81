/** What grouping must know of a record before any of it is cut. */
export interface RecordFacts {
  readonly tenant: string;
  readonly accepted: number;
  readonly arrivedAtMs: number;
  readonly bodyBytes: number;
}

/**
 * Reads these alone of the record in `bytes[from, end)`, where decoding whole records for a first
 * look took 5 % of all packing. The layout is that of `decodeRecord`, and a test holds them together.
 */
export function readFacts(bytes: Buffer, from: number, end: number): RecordFacts {
  const tenantAt = from + 19;
  return {
    tenant: bytes.toString('latin1', tenantAt, tenantAt + (bytes[tenantAt - 1] as number)),
    accepted: bytes.readUInt32LE(from + 6),
    arrivedAtMs: bytes.readDoubleLE(from + 10),
    bodyBytes: end - from - bytes.readUInt32LE(from),
  };
}
