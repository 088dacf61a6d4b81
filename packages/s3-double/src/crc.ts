import { crc32 as nodeCrc32 } from 'node:zlib';

/** A checksum that grows with what it is given. */
export interface RunningChecksum {
  update(bytes: Uint8Array): void;
  digest(): Buffer;
}

export function crc32(): RunningChecksum {
  let value = 0;
  return {
    update(bytes) {
      value = nodeCrc32(bytes, value);
    },
    digest: () => bigEndian(value),
  };
}

/** CRC-32C (Castagnoli). */
export function crc32c(): RunningChecksum {
  let value = -1;
  return {
    update(bytes) {
      for (const byte of bytes) {
        value = (castagnoli[(value ^ byte) & 255] as number) ^ (value >>> 8);
      }
    },
    digest: () => bigEndian(~value),
  };
}

/** CRC-64/NVME in two halves of 32 bits: numbers of 64 are slow. */
export function crc64Nvme(): RunningChecksum {
  let high = -1;
  let low = -1;
  return {
    update(bytes) {
      for (const byte of bytes) {
        const at = (low ^ byte) & 255;
        low = ((low >>> 8) | (high << 24)) ^ (nvmeLow[at] as number);
        high = (high >>> 8) ^ (nvmeHigh[at] as number);
      }
    },
    digest: () => Buffer.concat([bigEndian(~high), bigEndian(~low)]),
  };
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

/** The remainders of one byte, for a polynomial written with its lowest power first. */
function remainders(polynomial: bigint): bigint[] {
  return Array.from({ length: 256 }, (_, byte) => {
    let rest = BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) rest = rest & 1n ? (rest >> 1n) ^ polynomial : rest >> 1n;
    return rest;
  });
}

const int32 = (value: bigint) => Number(BigInt.asIntN(32, value));
const castagnoli = Int32Array.from(remainders(0x82_f6_3b_78n), int32);
const nvme = remainders(0x9a_6c_93_29_ac_4b_c9_b5n);
const nvmeLow = Int32Array.from(nvme, int32);
const nvmeHigh = Int32Array.from(nvme, (value) => int32(value >> 32n));
