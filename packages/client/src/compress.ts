/** A body as it goes over the wire. */
export interface Compressed {
  readonly encoding: string;
  readonly bytes: Uint8Array;
}

/** Compresses off the main path; undefined where it would gain nothing. */
export type Compress = (body: Uint8Array) => Promise<Compressed | undefined>;

/** Below this, a packet is a packet. */
export const leastCompressedBytes = 1_024;
