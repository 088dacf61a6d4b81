import { createHash } from 'node:crypto';
import { crc32, crc32c, crc64Nvme, type RunningChecksum } from './crc.ts';
import { S3Error } from './errors.ts';

const algorithms = {
  crc32: { make: crc32, bytes: 4 },
  crc32c: { make: crc32c, bytes: 4 },
  crc64nvme: { make: crc64Nvme, bytes: 8 },
  sha1: { make: () => hashed('sha1'), bytes: 20 },
  sha256: { make: () => hashed('sha256'), bytes: 32 },
} satisfies Record<string, { make: () => RunningChecksum; bytes: number }>;

type Algorithm = keyof typeof algorithms;

/** A checksum that S3 keeps with the object and shows to who asks. */
export interface Checksum {
  readonly header: string;
  readonly value: string;
}

const prefix = 'x-amz-checksum-';
/** Headers with this beginning that are no checksums. */
const others = new Set(['x-amz-checksum-mode', 'x-amz-checksum-type', 'x-amz-checksum-algorithm']);

/** Follows one body and compares it with the checksum that came with it, before or after it. */
export class ChecksumCheck {
  readonly #running: RunningChecksum;
  readonly #algorithm: Algorithm;

  /**
   * @param headers those of the request
   * @param trailers names of those that will follow the body
   */
  constructor(headers: ReadonlyMap<string, string>, trailers: readonly string[]) {
    const names = [...headers.keys(), ...trailers].filter(isChecksum);
    if (names.length > 1) {
      throw new S3Error('InvalidRequest', {
        message:
          'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
      });
    }
    // S3 makes this one by itself where it is given none.
    const algorithm = (names[0] ?? `${prefix}crc64nvme`).slice(prefix.length);
    if (!isAlgorithm(algorithm)) {
      throw new S3Error('InvalidRequest', {
        message: 'The algorithm type you specified in x-amz-checksum- header is invalid.',
      });
    }
    this.#algorithm = algorithm;
    this.#running = algorithms[algorithm].make();
  }

  update(bytes: Uint8Array): void {
    this.#running.update(bytes);
  }

  /** @param given headers and trailers together */
  finish(given: ReadonlyMap<string, string>): Checksum {
    const header = prefix + this.#algorithm;
    const value = this.#running.digest().toString('base64');
    const claimed = given.get(header);
    if (claimed === undefined || claimed === value) return { header, value };
    if (Buffer.from(claimed, 'base64').length !== algorithms[this.#algorithm].bytes) {
      throw new S3Error('InvalidRequest', { message: `Value for ${header} header is invalid.` });
    }
    const name = this.#algorithm.toUpperCase();
    throw new S3Error('BadDigest', {
      message: `The ${name} you specified did not match the calculated checksum.`,
    });
  }
}

/** Compares `Content-MD5`, where there is one, with the MD5 of the body. */
export function checkMd5(claimed: string | undefined, md5: Buffer): void {
  if (claimed === undefined) return;
  const bytes = Buffer.from(claimed, 'base64');
  if (bytes.length !== md5.length) throw new S3Error('InvalidDigest');
  if (!bytes.equals(md5)) throw new S3Error('BadDigest');
}

function isChecksum(name: string): boolean {
  return name.startsWith(prefix) && !others.has(name);
}

function isAlgorithm(name: string): name is Algorithm {
  return Object.hasOwn(algorithms, name);
}

function hashed(algorithm: string): RunningChecksum {
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
}
