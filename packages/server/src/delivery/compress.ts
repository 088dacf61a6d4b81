import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import type { Codec } from '../store/store.ts';

/** Output is gathered in pieces of this size and joined once. */
const chunkSize = 1024 * 1024;

/** Compresses at once, on the calling thread. The bytes own their memory and may be transferred. */
export function compress(bytes: Uint8Array, codec: Codec, level: number): Uint8Array {
  switch (codec) {
    case 'none':
      return own(bytes);
    case 'gzip':
      return own(gzipSync(bytes, { level, chunkSize })); // its time is 0: equal input, equal bytes
    case 'zstd':
      return own(
        zstdCompressSync(bytes, {
          chunkSize,
          params: {
            [constants.ZSTD_c_compressionLevel]: level,
            [constants.ZSTD_c_checksumFlag]: 1,
          },
        }),
      );
  }
}

function own(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
