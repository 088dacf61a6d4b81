import type { Checksum } from './checksums.ts';
import { S3Error } from './errors.ts';

/** An object as it was put. Its bytes must not be changed. */
export interface DoubleObject {
  readonly key: string;
  readonly bytes: Buffer;
  /** With its quotation marks. */
  readonly etag: string;
  /** Names without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Those that describe the content, such as `content-type`, and what S3 was to do with it. */
  readonly headers: Readonly<Record<string, string>>;
  readonly checksum: Checksum;
  readonly modifiedMs: number;
}

/** The objects of one bucket, in memory, at most `maxBytes` of them. */
export class Objects {
  readonly #byKey = new Map<string, DoubleObject>();
  readonly #maxBytes: number;
  #bytes = 0;
  /** In the byte order of keys; undefined after a change. */
  #sorted: readonly DoubleObject[] | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(key: string): DoubleObject | undefined {
    return this.#byKey.get(key);
  }

  /** Tells whether there was an object, which is gone now. Throws where there is no room. */
  put(object: DoubleObject): boolean {
    const before = this.#byKey.get(object.key);
    const bytes = this.#bytes + object.bytes.length - (before?.bytes.length ?? 0);
    if (bytes > this.#maxBytes) {
      throw new S3Error('InternalError', {
        message: `The double holds its ${this.#maxBytes} bytes`,
      });
    }
    this.#bytes = bytes;
    this.#byKey.set(object.key, object);
    this.#sorted = undefined;
    return before !== undefined;
  }

  delete(key: string): void {
    this.#bytes -= this.#byKey.get(key)?.bytes.length ?? 0;
    if (this.#byKey.delete(key)) this.#sorted = undefined;
  }

  /** All of them in the byte order of their keys. */
  sorted(): readonly DoubleObject[] {
    this.#sorted ??= [...this.#byKey.values()]
      .map((object) => ({ object, order: Buffer.from(object.key) }))
      .sort((a, b) => Buffer.compare(a.order, b.order))
      .map(({ object }) => object);
    return this.#sorted;
  }
}
