import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Ms, World } from '@weir/core/world/world';
import { decodeManifest } from '../delivery/manifest.ts';
import { deadKey, manifestPrefix } from '../object-key.ts';
import {
  type Ask,
  type Fate,
  fair,
  fateOf,
  type Kind,
  s3Error,
  type Weather,
} from './weather.model.ts';

// A bucket of S3 in memory and in virtual time, and the SDK's client of it. What it does wrong is
// drawn from the world, so a seed gives the same faults.

interface KeptObject {
  readonly bytes: Uint8Array;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Objects of one page: few, so that listing takes several. */
const pageObjects = 20;

export class MemoryBucket {
  readonly objects: Map<string, KeptObject> = new Map();
  /** What it does wrong from now on. */
  weather: Weather = fair;
  /** Requests by kind, whatever became of them. */
  readonly requests: Record<Kind, number> = { put: 0, get: 0, head: 0, list: 0, delete: 0 };
  /** What must never be, at no moment: an object written over, a manifest that names what is not there. */
  readonly wrong: string[] = [];
  /** In the order in which they came. */
  readonly created: { readonly key: string; readonly atMs: Ms }[] = [];
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** A client for a process that lives as long as `isAlive` says. */
  client(isAlive: () => boolean): S3Client {
    const send = (command: { input: unknown }, options: { abortSignal: AbortSignal }) =>
      this.#send(command, options.abortSignal, isAlive);
    return { send, destroy: () => undefined } as unknown as S3Client;
  }

  /** The request goes its way whatever becomes of its sender. */
  #send(command: { input: unknown }, signal: AbortSignal, isAlive: () => boolean) {
    const ask = askOf(command);
    this.requests[ask.kind] += 1;
    const fate = fateOf(this.weather, ask, this.#world);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    let isAsking = true;
    const end = (settle: () => void) => {
      if (isAsking && isAlive()) settle();
      isAsking = false;
    };
    const fail = (error: Error) => end(() => reject(error));
    signal.addEventListener('abort', () => fail(aborted()));
    this.#world.after(fate.beforeMs, () => {
      // Whoever gave up while the request was on its way, or died, may have sent all of it, or not.
      if (!(isAsking && isAlive()) && fate.lot < 0.5) return;
      this.#arrive(command, ask, fate, { fail, reply: (value) => end(() => resolve(value)) });
    });
    return promise;
  }

  #arrive(command: { input: unknown }, ask: Ask, fate: Fate, to: Caller): void {
    const refusal = this.weather.refusal(ask) ?? fate.refusal;
    if (refusal === 'silence') return;
    if (refusal !== undefined) {
      this.#world.after(fate.afterMs, () => to.fail(refusal));
      return;
    }
    this.#world.after(fate.commitMs, () => {
      const outcome = this.#commit(command);
      if (fate.loss === 'silence') return;
      const error = fate.loss ?? (outcome instanceof Error ? outcome : undefined);
      this.#world.after(fate.afterMs, () => {
        if (error === undefined) to.reply(outcome);
        else to.fail(error);
      });
    });
  }

  #commit(command: { input: unknown }): unknown {
    if (command instanceof PutObjectCommand) return this.#put(command.input);
    if (command instanceof ListObjectsV2Command) return this.#list(command.input);
    const { Key = '' } = command.input as { readonly Key?: string };
    const found = this.objects.get(Key);
    if (command instanceof DeleteObjectCommand) {
      this.objects.delete(Key);
      return {};
    }
    if (command instanceof HeadObjectCommand) {
      return found === undefined ? s3Error('NotFound', 404) : { Metadata: found.metadata };
    }
    if (found === undefined) return s3Error('NoSuchKey', 404);
    return { Body: { transformToByteArray: async () => Uint8Array.from(found.bytes) } };
  }

  #put({ Key = '', Body, IfNoneMatch, Metadata = {} }: PutObjectCommandInput): unknown {
    const isThere = this.objects.has(Key);
    if (isThere && IfNoneMatch === '*') return s3Error('PreconditionFailed', 412);
    if (isThere) this.wrong.push(`${Key} was written over`);
    else this.created.push({ key: Key, atMs: this.#world.now() });
    const bytes = Uint8Array.from(Body as Uint8Array);
    if (Key.startsWith(manifestPrefix)) this.#checkManifest(bytes);
    this.objects.set(Key, { bytes, metadata: Metadata });
    return { ETag: '"tag"' };
  }

  /** It is the commit: whoever reads it finds all that it names. */
  #checkManifest(bytes: Uint8Array): void {
    const { writer, segment, objects } = decodeManifest(bytes);
    for (const [index, { key, state }] of objects.entries()) {
      const isThere = this.objects.has(key);
      if (isThere || (state === 'dead' && this.objects.has(deadKey(writer, segment, index))))
        continue;
      this.wrong.push(`the manifest ${writer}-${segment} came before ${key}`);
    }
  }

  #list(input: { Prefix?: string | undefined; ContinuationToken?: string | undefined }): unknown {
    const { Prefix = '', ContinuationToken: after = '' } = input;
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(Prefix) && key > after);
    keys.sort((a, b) => (a < b ? -1 : 1)); // all keys are ASCII
    const page = keys.slice(0, pageObjects);
    const Contents = page.map((Key) => ({ Key, Size: this.objects.get(Key)?.bytes.length }));
    const IsTruncated = page.length < keys.length;
    return { Contents, IsTruncated, ...(IsTruncated && { NextContinuationToken: page.at(-1) }) };
  }
}

interface Caller {
  readonly fail: (error: Error) => void;
  readonly reply: (value: unknown) => void;
}

function askOf(command: { input: unknown }): Ask {
  const { Key = '', Prefix = '' } = command.input as { Key?: string; Prefix?: string };
  return { kind: kindOf(command), key: Key === '' ? Prefix : Key };
}

function kindOf(command: object): Kind {
  if (command instanceof PutObjectCommand) return 'put';
  if (command instanceof GetObjectCommand) return 'get';
  if (command instanceof HeadObjectCommand) return 'head';
  if (command instanceof ListObjectsV2Command) return 'list';
  return 'delete';
}

function aborted(): Error {
  return Object.assign(new Error('Request aborted'), { name: 'AbortError' });
}
