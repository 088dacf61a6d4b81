import type { RejectedEvent } from '@weir/core/wire/event';
import type { Ms, World } from '@weir/core/world/world';
import type { Files } from '@weir/segment-log/files';
import { codeOf, removeFile } from '@weir/segment-log/files';
import {
  encodeHead,
  frameBytes,
  type Secret,
  sealRecord,
  secretBytes,
} from '@weir/segment-log/frame';
import { recover } from '@weir/segment-log/recover';
import { writeOnce } from '@weir/segment-log/write-all';
import { hashBytes } from './idempotency.ts';
import type { SegmentName } from './segment-store.ts';

/** An idempotency key of a batch, with what a repeat of it is answered. */
export interface StoredKey {
  readonly key: Uint8Array;
  readonly body: Uint8Array;
  readonly ordinal: number;
  readonly accepted: number;
  readonly rejected: readonly RejectedEvent[];
  /** Wall clock, whole milliseconds. */
  readonly arrivedAtMs: Ms;
}

/** The keys of a segment that is no more. */
export interface StoredKeys {
  readonly name: SegmentName;
  readonly keys: readonly StoredKey[];
}

// A file is a segment: its header tells whose keys it holds, each record holds some hundred of them:
//   16 bytes key | 16 bytes body | u32 ordinal | u32 accepted | f64 arrivedAtMs
//   | u32 length of the rejected events as JSON, 0 for none | these
const keyBytes = 2 * hashBytes + 4 + 4 + 8 + 4;

const keysPerRecord = 512;
const none = Buffer.alloc(0);

/** `WRITER-SEGMENT-UNTIL.keys`: from the wall instant UNTIL on the file is of no use. */
const fileName = /^([0-9a-z]{16})-([1-9][0-9]{0,14})-([0-9]{1,16})\.keys$/;

export interface KeyFilesDeps {
  readonly files: Files;
  readonly world: World;
  readonly directory: string;
  readonly warn: (message: string) => void;
}

/** Keeps the keys of segments that are done for the rest of their window, across restarts. */
export class KeyFiles {
  readonly #files: Files;
  readonly #world: World;
  readonly #directory: string;
  readonly #warn: (message: string) => void;

  constructor({ files, world, directory, warn }: KeyFilesDeps) {
    this.#files = files;
    this.#world = world;
    this.#directory = directory;
    this.#warn = warn;
  }

  /**
   * Durable when it resolves. There may be tens of thousands, and requests wait meanwhile: so a turn
   * is taken after every few hundred.
   */
  async keep(name: SegmentName, keys: Iterable<StoredKey>, untilMs: Ms): Promise<void> {
    const { writer, segment } = name;
    const header = Buffer.from(JSON.stringify({ version: 1, writer, segment }));
    const { bytes: head, secret } = encodeHead(this.#world.randomBytes(secretBytes), header);
    const parts: Buffer[] = [head];
    const record = new KeyRecord();
    for (const key of keys) {
      record.add(key);
      if (record.count < keysPerRecord) continue;
      parts.push(record.take(secret));
      await new Promise<void>((resolve) => this.#files.soon(resolve));
    }
    if (record.count > 0) parts.push(record.take(secret));
    if (parts.length === 1) return;
    const path = `${this.#directory}/${writer}-${segment}-${Math.ceil(untilMs)}.keys`;
    await this.#files.makeDirectory(this.#directory);
    await writeOnce(await this.#files.create(path), Buffer.concat(parts));
    await this.#files.syncDirectory(this.#directory);
  }

  /**
   * The keys whose window has not ended, the soonest to end first, of all writers or of one. A file
   * that was not written to its end is passed over: its segment was not removed.
   */
  async *read(ofWriter?: string): AsyncIterable<StoredKeys> {
    const found = (await this.#list()).filter(
      ({ name }) => (ofWriter ?? name.writer) === name.writer,
    );
    for (const { path, name } of found.sort((a, b) => a.untilMs - b.untilMs)) {
      const bytes = await this.#read(path);
      if (bytes === undefined) continue;
      const { verdict, records } = recover(bytes, { cutBytes: Infinity, durableBytes: Infinity });
      if (verdict === 'clean') yield { name, keys: records.flatMap(decodeKeys) };
    }
  }

  /** Removes the files whose window has ended, whoever wrote them. */
  async removeEnded(): Promise<void> {
    const date = this.#world.date();
    for (const { path, untilMs } of await this.#list()) {
      if (untilMs <= date) await removeFile(this.#files, path);
    }
  }

  /** A file that cannot be read must not keep a server from starting. */
  async #read(path: string): Promise<Uint8Array | undefined> {
    try {
      return await this.#files.read(path);
    } catch (error) {
      const { message } = error as Error;
      this.#warn(`idempotency keys were lost, their repeats are taken anew: ${path}: ${message}`);
      return undefined;
    }
  }

  async #list(): Promise<{ path: string; name: SegmentName; untilMs: Ms }[]> {
    const names = (await this.#files.list(this.#directory).catch(ignoreMissing)) ?? [];
    return names.flatMap((file) => {
      const found = fileName.exec(file);
      if (found === null) return [];
      const name = { writer: found[1] as string, segment: Number(found[2]) };
      return [{ path: `${this.#directory}/${file}`, name, untilMs: Number(found[3]) }];
    });
  }
}

function ignoreMissing(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error;
}

/** A record of keys that grows. */
class KeyRecord {
  #bytes: Buffer = Buffer.allocUnsafe(frameBytes + keysPerRecord * keyBytes);
  #end: number = frameBytes;
  count = 0;

  add({ key, body, ordinal, accepted, arrivedAtMs, rejected }: StoredKey): void {
    const details = rejected.length === 0 ? none : Buffer.from(JSON.stringify(rejected));
    const bytes = this.#room(keyBytes + details.length);
    let at = this.#end;
    bytes.set(key, at);
    bytes.set(body, at + hashBytes);
    at = bytes.writeUInt32LE(ordinal, at + 2 * hashBytes);
    at = bytes.writeUInt32LE(accepted, at);
    at = bytes.writeDoubleLE(arrivedAtMs, at);
    at = bytes.writeUInt32LE(details.length, at);
    bytes.set(details, at);
    this.#end = at + details.length;
    this.count += 1;
  }

  /** The record as a frame; the next one begins empty. */
  take(secret: Secret): Buffer {
    sealRecord(this.#bytes, 0, this.#end, secret);
    const frame = Buffer.from(this.#bytes.subarray(0, this.#end));
    this.#end = frameBytes;
    this.count = 0;
    return frame;
  }

  #room(bytes: number): Buffer {
    if (this.#end + bytes > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(2 * (this.#end + bytes));
      grown.set(this.#bytes.subarray(0, this.#end));
      this.#bytes = grown;
    }
    return this.#bytes;
  }
}

function decodeKeys(payload: Uint8Array): StoredKey[] {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  const keys: StoredKey[] = [];
  for (let at = 0; at < bytes.length; ) {
    const detailsFrom = at + keyBytes;
    const detailsTo = detailsFrom + bytes.readUInt32LE(detailsFrom - 4);
    const details = bytes.subarray(detailsFrom, detailsTo).toString('utf8');
    keys.push({
      key: bytes.subarray(at, at + hashBytes),
      body: bytes.subarray(at + hashBytes, at + 2 * hashBytes),
      ordinal: bytes.readUInt32LE(at + 32),
      accepted: bytes.readUInt32LE(at + 36),
      arrivedAtMs: bytes.readDoubleLE(at + 40),
      rejected: details === '' ? [] : (JSON.parse(details) as RejectedEvent[]),
    });
    at = detailsTo;
  }
  return keys;
}
