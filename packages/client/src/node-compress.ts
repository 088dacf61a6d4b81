import { promisify } from 'node:util';
import type { Compressed } from './compress.ts';

type Zlib = typeof import('node:zlib');

/** By zstd where the runtime has it, else gzip; in libuv's threads, so that nothing waits. */
export async function nodeCompress(body: Uint8Array): Promise<Compressed | undefined> {
  const zlib: Zlib = await import('node:zlib');
  const compressed = await compressWith(zlib, body);
  return compressed.bytes.length < body.length ? compressed : undefined;
}

async function compressWith(zlib: Zlib, body: Uint8Array): Promise<Compressed> {
  if (typeof zlib.zstdCompress === 'function') {
    const level = { [zlib.constants.ZSTD_c_compressionLevel]: 1 };
    const bytes = await promisify(zlib.zstdCompress)(body, { params: level });
    return { encoding: 'zstd', bytes };
  }
  return { encoding: 'gzip', bytes: await promisify(zlib.gzip)(body, { level: 1 }) };
}
