import type { World } from '@weir/core/world/world';
import { encodeHead, frameBytes, type Secret, sealRecord } from '@weir/segment-log/frame';
import { encodeHeader } from './segment-header.ts';
import type { SegmentFile, SegmentStore } from './segment-store.ts';
import { SegmentedSpool, type SpoolOptions } from './segmented-spool.ts';
import type { Spool } from './spool.ts';
import { newWriter } from './writer.ts';

/** A spool that a crash empties: for tests, and for those who accept the loss. */
export async function openMemorySpool(options: SpoolOptions, world: World): Promise<Spool> {
  const writer = newWriter(world);
  const store: SegmentStore = {
    writer,
    async create(_segment, header) {
      return new MemorySegment(world.randomBytes(8), encodeHeader(header));
    },
    async keepKeys() {},
    async remove() {},
    async setAside({ segment }) {
      return `memory:${writer}-${segment}`;
    },
    freeBytes: async () => Infinity,
    async close() {},
  };
  const spool = new SegmentedSpool(options, { world, store, warn: () => undefined });
  await spool.start();
  return spool;
}

const safe = Promise.resolve();

/** The same bytes as in a file, so that delivery is the same. */
class MemorySegment implements SegmentFile {
  readonly #secret: Secret;
  #bytes: Buffer;
  #end: number;

  constructor(random: Uint8Array, header: Uint8Array) {
    const { bytes, secret } = encodeHead(random, header);
    this.#secret = secret;
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  append(meta: Uint8Array, body: Uint8Array): Promise<void> {
    const at = this.#end;
    const end = at + frameBytes + meta.length + body.length;
    if (end > this.#bytes.length) this.#growTo(end);
    this.#bytes.set(meta, at + frameBytes);
    this.#bytes.set(body, at + frameBytes + meta.length);
    sealRecord(this.#bytes, at, end, this.#secret);
    this.#end = end;
    return safe;
  }

  async seal(): Promise<{ readonly bytes: Uint8Array }> {
    return { bytes: this.#bytes.subarray(0, this.#end) };
  }

  async close(): Promise<void> {}

  #growTo(least: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(least, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = grown;
  }
}
