import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Ms } from '@weir/core/world/world';
import { keyProblem, maxKeyBytes } from '../object-key.ts';
import { type ByteSums, sumsOf } from './byte-sums.ts';
import { contentSha256 } from './content.ts';
import { S3Calls, type S3CallsOptions } from './s3-calls.ts';
import { type Failure, type S3Call, storeError } from './s3-errors.ts';
import {
  type ObjectContent,
  type PutOutcome,
  type Store,
  type StoredObject,
  StoreError,
} from './store.ts';
import { TimedOut, within } from './within.ts';

export interface S3StoreOptions extends S3CallsOptions {
  /** Before every key, such as `weir/`; empty for none. */
  readonly prefix: string;
  /** `AES256` or `aws:kms`: how the store encrypts; undefined as the bucket has it. */
  readonly sse: 'AES256' | 'aws:kms' | undefined;
  readonly sseKmsKeyId: string | undefined;
  readonly storageClass: string | undefined;
}

/** What an object's metadata says of its lines. */
const hashName = 'weir-sha256';
const lengthName = 'weir-bytes';
const codecName = 'weir-codec';

/** A PUT and all that it takes to find out what became of it, in times of one try. */
const triesOfPut = 3;

/**
 * Objects in a bucket of any store that speaks S3. A PUT is whole, conditional and tried once; where
 * its answer is lost, or says that the name is taken, a HEAD compares the hash of the lines, which
 * stands in the metadata. An object of another content is never touched.
 */
export class S3Store implements Store {
  readonly #calls: S3Calls;
  readonly #options: S3StoreOptions;

  private constructor(calls: S3Calls, options: S3StoreOptions) {
    this.#calls = calls;
    this.#options = options;
  }

  /** Asks the store nothing yet: whether it can be used is for a check to find out. */
  static async open(options: S3StoreOptions): Promise<S3Store> {
    return new S3Store(await S3Calls.open(options), options);
  }

  /** Asks by a client that is there already. */
  static over(client: S3Client, options: S3StoreOptions): S3Store {
    return new S3Store(S3Calls.over(client, options), options);
  }

  async put(
    key: string,
    bytes: Uint8Array,
    content: ObjectContent,
    signal: AbortSignal,
  ): Promise<PutOutcome> {
    const call = this.#callOf('s3:PutObject', key);
    const { world, attemptMs } = this.#options;
    const totalMs = triesOfPut * attemptMs + bytes.length;
    const object = { call, bytes, content };
    try {
      return await within(world, totalMs, signal, (own) => this.#put(object, own));
    } catch (error) {
      if (!(error instanceof TimedOut)) throw error;
      const { endpoint = 'Amazon S3' } = this.#options;
      const message = `${endpoint} took longer than ${totalMs} ms over ${call.key}`;
      throw new StoreError('trouble', message, { pressure: 'late', cause: error });
    }
  }

  async get(key: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const call = this.#callOf('s3:GetObject', key);
    return await this.#calls.read(call, signal, async (client, abortSignal) => {
      const command = new GetObjectCommand(this.#nameOf(call));
      const { Body } = await client.send(command, { abortSignal });
      return (await Body?.transformToByteArray()) ?? new Uint8Array();
    });
  }

  async *list(prefix: string, signal: AbortSignal): AsyncIterable<StoredObject> {
    const { bucket, prefix: own } = this.#options;
    const call: S3Call = { action: 's3:ListBucket', key: `${own}${prefix}` };
    let after: string | undefined;
    do {
      const input = { Bucket: bucket, Prefix: call.key, ContinuationToken: after };
      const page = await this.#calls.read(call, signal, (client, abortSignal) =>
        client.send(new ListObjectsV2Command(input), { abortSignal }),
      );
      for (const { Key, Size } of page?.Contents ?? []) {
        if (Key !== undefined) yield { key: Key.slice(own.length), bytes: Size ?? 0 };
      }
      after = page?.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (after !== undefined);
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    const call = this.#callOf('s3:DeleteObject', key);
    await this.#calls.read(call, signal, (client, abortSignal) =>
      client.send(new DeleteObjectCommand(this.#nameOf(call)), { abortSignal }),
    );
  }

  /** How far this machine's clock was ahead of the store's when it last answered. */
  get aheadMs(): Ms | undefined {
    return this.#calls.aheadMs;
  }

  /** Closes the connections. */
  close(): void {
    this.#calls.close();
  }

  /** Throws for a key that is none. */
  #callOf(action: S3Call['action'], key: string): S3Call {
    const full = `${this.#options.prefix}${key}`;
    const bytes = Buffer.byteLength(full);
    const tooLong = bytes > maxKeyBytes ? `is of ${bytes} bytes with its prefix` : undefined;
    const problem = keyProblem(key) ?? tooLong;
    if (problem !== undefined) throw new StoreError('refused', `the key ${key} ${problem}`);
    return { action, key: full };
  }

  #nameOf({ key }: S3Call) {
    return { Bucket: this.#options.bucket, Key: key };
  }

  async #put(object: Putting, signal: AbortSignal): Promise<PutOutcome> {
    const { call, bytes } = object;
    const sums = object.content.sums ?? sumsOf(bytes);
    const input = this.#inputOf(object, sums);
    const reply = await this.#calls.try(call, bytes.length, signal, async (client, abortSignal) => {
      const command = withPayloadHash(new PutObjectCommand(input), sums);
      const { ETag } = await client.send(command, { abortSignal });
      if (ETag === undefined) throw new Error('it told no ETag');
    });
    if ('value' in reply) return 'created';
    const { aftermath } = reply.failed;
    if (aftermath !== 'taken' && aftermath !== 'open') throw storeError(reply.failed);
    return await this.#compare(object, reply.failed, signal);
  }

  #inputOf({ call, bytes, content }: Putting, { crc32 }: ByteSums): PutObjectCommandInput {
    const { sse, sseKmsKeyId, storageClass } = this.#options;
    const { contentSha256: hash, contentBytes, codec } = content;
    return {
      ...this.#nameOf(call),
      // Whole and with its length: a stream would be sent in chunks, which some stores keep.
      Body: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      ContentType: typeOf(call.key),
      ChecksumCRC32: base64Of(crc32),
      IfNoneMatch: '*',
      Metadata: { [hashName]: hash, [lengthName]: `${contentBytes}`, [codecName]: codec },
      ...(sse === undefined ? {} : { ServerSideEncryption: sse }),
      ...(sseKmsKeyId === undefined ? {} : { SSEKMSKeyId: sseKmsKeyId }),
      ...(storageClass === undefined
        ? {}
        : { StorageClass: storageClass as NonNullable<PutObjectCommandInput['StorageClass']> }),
    };
  }

  /** Whether the name holds these lines. Fails as the PUT did where that cannot be told now. */
  async #compare(object: Putting, failed: Failure, signal: AbortSignal): Promise<PutOutcome> {
    const { call, content } = object;
    const look: S3Call = { ...call, action: 's3:GetObject' };
    const reply = await this.#calls.try(look, 0, signal, (client, abortSignal) =>
      client.send(new HeadObjectCommand(this.#nameOf(call)), { abortSignal }),
    );
    if ('failed' in reply) throw storeError(undecided(failed, reply.failed));
    const hash = reply.value.Metadata?.[hashName];
    const isSame =
      hash === undefined ? await this.#holdsSame(object, signal) : hash === content.contentSha256;
    return isSame ? 'same' : 'different';
  }

  /** For an object that came here by another way, without metadata: by its bytes. */
  async #holdsSame({ call, bytes, content }: Putting, signal: AbortSignal): Promise<boolean> {
    const there = await this.get(call.key.slice(this.#options.prefix.length), signal);
    if (there === undefined) throw new StoreError('trouble', `${call.key} was there and is gone`);
    if (Buffer.from(there).equals(bytes)) return true;
    const { codec, contentBytes, contentSha256: expected } = content;
    return (await contentSha256(there, codec, contentBytes)) === expected;
  }
}

interface Putting {
  readonly call: S3Call;
  readonly bytes: Uint8Array;
  readonly content: ObjectContent;
}

function base64Of(crc32: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32);
  return bytes.toString('base64');
}

/** The signer would make the hash itself otherwise, and hold up requests for it. */
function withPayloadHash(command: PutObjectCommand, { sha256 }: ByteSums): PutObjectCommand {
  command.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { readonly headers: Record<string, string> };
      headers['x-amz-content-sha256'] = sha256;
      return next(args);
    },
    { step: 'build', name: 'weirPayloadHash' },
  );
  return command;
}

/**
 * Why a PUT has no outcome yet. It is never refused for good here: the object may be there. Where it
 * surely is, and nobody may look at it, a person must know that.
 */
function undecided(put: Failure, look: Failure): Failure {
  const mayNotLook = put.aftermath === 'taken' && look.kind === 'refused';
  return mayNotLook && look.aftermath !== 'missing' ? { ...look, kind: 'trouble' } : put;
}

/** So that a browser or a console shows what it is. Never `Content-Encoding`: readers would unpack. */
function typeOf(key: string): string {
  if (key.endsWith('.zst')) return 'application/zstd';
  if (key.endsWith('.gz')) return 'application/gzip';
  if (key.endsWith('.parquet')) return 'application/vnd.apache.parquet';
  return key.endsWith('.json') ? 'application/json' : 'application/x-ndjson';
}
