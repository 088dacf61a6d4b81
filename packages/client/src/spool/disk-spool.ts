import type { World } from '@weir/core/world/world';
import { BufferPool } from '@weir/segment-log/buffer-pool';
import { type DirectoryLock, type Files, removeFile } from '@weir/segment-log/files';
import { createSegment, type SegmentWriter } from '@weir/segment-log/segment-writer';
import { WeirError } from '../weir-error.ts';
import type { Appended, EventSpool, Recovered } from './event-spool.ts';
import { PlaceSet, rangesOf, runsOf } from './place-set.ts';
import { appendPoison } from './poison-file.ts';
import {
  cutPath,
  recoverSpool,
  type SegmentFile,
  type SpoolState,
  segmentPath,
} from './recover-spool.ts';
import {
  type Control,
  encodeControl,
  encodeEventHead,
  encodeHeader,
  eventsIn,
  type SpooledEvent,
  spoolFormat,
} from './spool-records.ts';

const segmentBytes = 4 * 1024 * 1024;
const bufferBytes = 256 * 1024;
const idleBuffers = 8;
const frameBytes = 64; // of a record and its head, at most
const retryMs = 1_000;
const nothing = new Uint8Array(0);
/** Ends a file: its commit says that all before it was durable, so that damage is told from a torn end. */
const nothingDone: Control = { done: [] };

export interface DiskSpoolDeps {
  readonly dir: string;
  readonly maxBytes: number;
  readonly files: Files;
  readonly world: World;
}

/** Takes a folder over and reads what lies in it. Rejects with a WeirError `spool`. */
export async function openDiskSpool(deps: DiskSpoolDeps): Promise<EventSpool> {
  const { files, dir } = deps;
  await files.makeDirectory(dir);
  const lock = await files.lock(dir);
  if (lock === undefined) {
    throw new WeirError('spool', `${dir} is in use by another process: each needs its own folder`);
  }
  try {
    const state = await recoverSpool(files, dir, false);
    const spool = new DiskSpool(deps, lock, state);
    await spool.begin();
    return spool;
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** One file grows; older ones wait until all of their events are done with. */
class DiskSpool implements EventSpool {
  readonly recovered: Recovered;
  readonly #deps: DiskSpoolDeps;
  readonly #lock: DirectoryLock;
  readonly #pool = new BufferPool(bufferBytes, idleBuffers);
  readonly #segments: SegmentFile[];
  readonly #done: PlaceSet;
  /** Those of which the disk knows that they are over. */
  readonly #settled: PlaceSet = new PlaceSet();
  #writer: SegmentWriter | undefined;
  #nextNumber: number;
  #nextPlace: number;
  #live: number;
  unwrittenBytes = 0;
  /** The step of housekeeping that comes last; each waits for the one before. */
  #steps: Promise<void> = Promise.resolve();
  #lastDurable: Promise<void> = Promise.resolve();
  #isRotating = false;
  #isEnded = false;

  constructor(deps: DiskSpoolDeps, lock: DirectoryLock, state: SpoolState) {
    this.#deps = deps;
    this.#lock = lock;
    this.recovered = state.recovered;
    this.#segments = state.segments;
    this.#done = state.done;
    for (const range of state.done.ranges()) this.#settled.add(range);
    this.#nextNumber = state.nextNumber;
    this.#nextPlace = state.nextPlace;
    this.#live = state.recovered.events;
  }

  get live(): number {
    return this.#live;
  }

  get bytes(): number {
    let sum = 0;
    for (const { bytes } of this.#segments) sum += bytes;
    return sum;
  }

  get nextPlace(): number {
    return this.#nextPlace;
  }

  /** Makes the first file. */
  async begin(): Promise<void> {
    await this.#openNext();
    this.#removeDone();
  }

  hasRoom(bytes: number): boolean {
    return this.bytes + bytes + frameBytes <= this.#deps.maxBytes;
  }

  append({ text, orderingKey }: Omit<SpooledEvent, 'place'>): Appended {
    const place = this.#nextPlace;
    this.#nextPlace += 1;
    const current = this.#segments.at(-1) as SegmentFile;
    current.lastPlace = place;
    this.#live += 1;
    const body = Buffer.from(text);
    this.unwrittenBytes += body.length;
    const durable = this.#write(encodeEventHead({ place, orderingKey }), body);
    durable.catch(() => {
      this.#forget([place]);
      this.#settled.add([place, place]);
    });
    const ended = (): number => (this.unwrittenBytes -= body.length);
    durable.then(ended, ended);
    return { place, durable };
  }

  async close(key: string, places: readonly number[]): Promise<void> {
    const before = this.#lastDurable; // of an older file, maybe
    const atMs = this.#deps.world.date();
    const closed = this.#control({ closed: key, places: runsOf(places), atMs });
    await Promise.all([before, this.#steps, closed]);
  }

  async split(key: string): Promise<void> {
    await this.#control({ split: key });
  }

  done(places: readonly number[]): void {
    const open = places.filter((place) => place > 0 && !this.#done.has(place));
    if (open.length === 0) return;
    this.#forget(open);
    const ranges = rangesOf(open);
    // Nobody waits for it: lost in a crash, its events are sent again under the same key. But until it
    // is durable their files must stay, or a later process would find a part of a batch.
    this.#control({ done: ranges }).then(
      () => {
        for (const range of ranges) this.#settled.add(range);
        this.#removeDone();
      },
      () => {},
    );
  }

  isLive(place: number): boolean {
    return !this.#done.has(place);
  }

  async read(from: number): Promise<{ events: readonly SpooledEvent[]; next: number }> {
    const file = this.#segments.find(({ firstPlace, lastPlace }) => {
      const isThere = lastPlace >= from && lastPlace >= firstPlace;
      return isThere && this.#done.countIn([firstPlace, lastPlace]) <= lastPlace - firstPlace;
    });
    if (file === undefined) return { events: [], next: this.#nextPlace };
    const next = file.lastPlace + 1;
    if (file === this.#segments.at(-1)) await this.#lastDurable.catch(() => {});
    const { dir, files } = this.#deps;
    const bytes = await files.read(segmentPath(dir, file.number));
    const isAsked = ({ place }: SpooledEvent): boolean =>
      place >= from && place < next && !this.#done.has(place);
    return { events: eventsIn(bytes).filter(isAsked), next };
  }

  async poison(lines: readonly string[]): Promise<void> {
    await appendPoison(this.#deps.dir, lines);
  }

  async end(): Promise<void> {
    this.#isEnded = true;
    await this.#steps;
    if (this.#live > 0) await this.#control(nothingDone).catch(() => {});
    await this.#writer?.end().catch(() => {});
    this.#writer = undefined;
    if (this.#live === 0) {
      while (this.#segments.length > 0) await this.#remove(this.#segments.shift() as SegmentFile);
    }
    this.#lock.release();
  }

  #control(control: Control): Promise<void> {
    return this.#write(encodeControl(control), nothing);
  }

  #write(head: Uint8Array, body: Uint8Array): Promise<void> {
    const writer = this.#writer;
    const current = this.#segments.at(-1);
    if (writer === undefined || current === undefined) {
      return Promise.reject(new WeirError('spool', 'the disk of the spool cannot be written to'));
    }
    const written = writer.append(head, body).catch((cause) => this.#failed(writer, cause));
    this.#lastDurable = written;
    written.catch(() => {}); // each caller sees to its own
    current.bytes = writer.bytes;
    if (writer.bytes >= segmentBytes && !this.#isRotating) this.#rotate();
    return written;
  }

  #failed(writer: SegmentWriter, cause: unknown): never {
    if (this.#writer === writer) {
      this.#writer = undefined;
      if (!this.#isRotating) this.#rotate();
    }
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new WeirError('spool', detail, { cause });
  }

  /** The next file takes over once it is there; until then the old one goes on. */
  #rotate(): void {
    this.#isRotating = true;
    this.#step(async () => {
      const old = this.#writer;
      try {
        await this.#openNext();
        await old?.append(encodeControl(nothingDone), nothing);
        await old?.end();
      } catch {
        // A disk that is full today may have room tomorrow: whatever comes until then is refused.
        if (!this.#isEnded) this.#deps.world.after(retryMs, () => this.#rotate());
        return;
      }
      this.#isRotating = false;
      this.#removeDone();
    });
  }

  async #openNext(): Promise<void> {
    const { dir, files, world } = this.#deps;
    const number = this.#nextNumber;
    const place = {
      segmentPath: segmentPath(dir, number),
      cutPath: cutPath(dir, number),
      directory: dir,
    };
    this.#nextNumber += 1;
    const observer = { now: () => world.now(), committed: () => {} };
    const random = world.randomBytes(8);
    // What comes while it is made still goes to the old file, so its first place is not known yet.
    const header = { format: spoolFormat, segment: number, firstPlace: this.#nextPlace };
    const deps = { files, pool: this.#pool, random, observer };
    const writer = await createSegment(place, encodeHeader(header), deps);
    const firstPlace = this.#nextPlace;
    const file = { number, bytes: writer.bytes, firstPlace, lastPlace: firstPlace - 1 };
    this.#segments.push(file);
    this.#writer = writer;
  }

  #forget(places: readonly number[]): void {
    for (const range of rangesOf(places)) {
      const [first, last] = range;
      this.#live -= last - first + 1 - this.#done.countIn(range);
      this.#done.add(range);
    }
  }

  /** From the front alone, since a later file may say what of an earlier one is over. */
  #removeDone(): void {
    this.#step(async () => {
      while (this.#segments.length > 1) {
        const [oldest] = this.#segments as [SegmentFile];
        const { firstPlace, lastPlace } = oldest;
        const events = lastPlace - firstPlace + 1;
        if (events > 0 && this.#settled.countIn([firstPlace, lastPlace]) < events) return;
        this.#segments.shift();
        await this.#remove(oldest);
        const { firstPlace: first } = this.#segments[0] as SegmentFile;
        this.#done.dropBelow(first);
        this.#settled.dropBelow(first);
      }
    });
  }

  async #remove({ number }: SegmentFile): Promise<void> {
    const { dir, files } = this.#deps;
    await removeFile(files, cutPath(dir, number));
    await removeFile(files, segmentPath(dir, number));
    await files.syncDirectory(dir);
  }

  #step(task: () => Promise<void>): void {
    this.#steps = this.#steps.then(task, task).catch(() => {});
  }
}
