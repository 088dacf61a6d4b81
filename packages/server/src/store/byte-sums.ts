import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Checksums of an object's bytes as they are stored. */
export interface ByteSums {
  /** Hex. */
  readonly sha256: string;
  readonly crc32: number;
}

/** Takes about 0.7 ms a MiB: for large objects not on a thread that answers requests. */
export function sumsOf(bytes: Uint8Array): ByteSums {
  return { sha256: createHash('sha256').update(bytes).digest('hex'), crc32: crc32(bytes) };
}
