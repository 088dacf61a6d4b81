import { readCut, settleSegment } from '@weir/segment-log/cut';
import { type Files, removeFile } from '@weir/segment-log/files';
import { recover, type Recovery as SegmentRecovery, secretOf } from '@weir/segment-log/recover';
import { WeirError } from '../weir-error.ts';
import type { Recovered, RecoveredBatch } from './event-spool.ts';
import { type PlaceRange, PlaceSet } from './place-set.ts';
import { type Control, decodeHeader, decodeRecord, spoolFormat } from './spool-records.ts';

const filePattern = /^(\d{10})\.log$/;

/** One file of a spool. */
export interface SegmentFile {
  readonly number: number;
  bytes: number;
  firstPlace: number;
  /** One less than `firstPlace` where no event stands in it. */
  lastPlace: number;
}

/** What the files of a spool say. */
export interface SpoolState {
  readonly segments: SegmentFile[];
  readonly recovered: Recovered;
  /** Events that are over. */
  readonly done: PlaceSet;
  readonly nextPlace: number;
  readonly nextNumber: number;
}

export function segmentPath(dir: string, number: number): string {
  return `${dir}/${`${number}`.padStart(10, '0')}.log`;
}

/** Where the length is remembered to which a file must be cut. */
export function cutPath(dir: string, number: number): string {
  return `${segmentPath(dir, number)}.cut`;
}

interface Reading {
  readonly segments: SegmentFile[];
  readonly done: PlaceSet;
  readonly closed: Map<string, { ranges: readonly PlaceRange[]; atMs: number }>;
  readonly splits: Set<string>;
  readonly damaged: string[];
  readonly present: PlaceSet;
  nextPlace: number;
}

/**
 * Reads all files of a spool: a torn tail is cut, a damaged file is kept for a person and what is
 * good of it used. With `isReadOnly` nothing is changed, so that no lock is needed.
 */
export async function recoverSpool(
  files: Files,
  dir: string,
  isReadOnly: boolean,
): Promise<SpoolState> {
  const numbers = (await files.list(dir))
    .map((name) => Number(filePattern.exec(name)?.[1] ?? 0))
    .filter((number) => number > 0)
    .sort((a, b) => a - b);
  const reading: Reading = {
    segments: [],
    done: new PlaceSet(),
    closed: new Map(),
    splits: new Set(),
    damaged: [],
    present: new PlaceSet(),
    nextPlace: 1,
  };
  for (const number of numbers) await readSegment(files, { dir, number, isReadOnly }, reading);
  const { segments, done, nextPlace } = reading;
  const nextNumber = (numbers.at(-1) ?? 0) + 1;
  return { segments, recovered: recoveredOf(reading), done, nextPlace, nextNumber };
}

interface Where {
  readonly dir: string;
  readonly number: number;
  readonly isReadOnly: boolean;
}

async function readSegment(files: Files, where: Where, reading: Reading): Promise<void> {
  const { dir, number, isReadOnly } = where;
  const path = segmentPath(dir, number);
  const bytes = await files.read(path);
  const found = await recoverBytes(files, cutPath(dir, number), bytes);
  const header = found.header === undefined ? undefined : decodeHeader(found.header);
  if (header === undefined) {
    // Torn while it was made: nothing was ever appended. Anything else is for a person.
    if (found.verdict === 'corrupt') reading.damaged.push(path);
    if (!isReadOnly) await setAside(files, path, found.verdict === 'corrupt');
    return;
  }
  if (header.format > spoolFormat) {
    const detail = `${path} was written by a newer version of @weir/client: start that one`;
    throw new WeirError('spool', detail);
  }
  if (found.verdict === 'corrupt') reading.damaged.push(path);
  if (!isReadOnly && found.verdict === 'torn') {
    await settleSegment(files, path, bytes, { durable: found.durable, end: found.end });
  }
  if (!isReadOnly && found.verdict === 'corrupt') await keepCopy(files, path);
  const file: SegmentFile = {
    number,
    bytes: found.end,
    firstPlace: header.firstPlace,
    lastPlace: header.firstPlace - 1,
  };
  readRecords(found.records, file, reading);
  reading.segments.push(file);
  reading.nextPlace = Math.max(reading.nextPlace, file.lastPlace + 1, header.firstPlace);
}

async function recoverBytes(
  files: Files,
  cut: string,
  bytes: Uint8Array,
): Promise<SegmentRecovery> {
  const secret = secretOf(bytes);
  const cutBytes = secret === undefined ? Infinity : await readCut(files, cut, secret);
  return recover(bytes, { cutBytes, durableBytes: 0 });
}

function readRecords(
  records: readonly Uint8Array[],
  file: SegmentFile,
  { done, closed, splits, present }: Reading,
): void {
  for (const payload of records) {
    const record = decodeRecord(payload);
    if (record?.is === 'event') {
      const { place } = record.event;
      const isFirst = file.lastPlace < file.firstPlace; // what its header says is only a bound
      file.firstPlace = isFirst ? place : Math.min(file.firstPlace, place);
      file.lastPlace = Math.max(file.lastPlace, place);
      present.add([place, place]);
    } else if (record !== undefined) {
      applyControl(record.control, { done, closed, splits });
    }
  }
}

function applyControl(
  control: Control,
  { done, closed, splits }: Pick<Reading, 'done' | 'closed' | 'splits'>,
): void {
  if ('done' in control) for (const range of control.done) done.add(range);
  else if ('split' in control) splits.add(control.split);
  else closed.set(control.closed, { ranges: control.places, atMs: control.atMs });
}

function recoveredOf(reading: Reading): Recovered {
  const { closed, splits, damaged, segments, done, present } = reading;
  const batches = [...closed].flatMap(([key, { ranges, atMs }]) =>
    unfinished({ key, ranges, atMs }, reading),
  );
  let events = 0;
  for (const { firstPlace, lastPlace } of segments) {
    for (let place = firstPlace; place <= lastPlace; place += 1) {
      if (!present.has(place))
        done.add([place, place]); // lost with damage: nothing to wait for
      else if (!done.has(place)) events += 1;
    }
  }
  return { events, batches, splits, damaged };
}

function unfinished(
  { key, ranges, atMs }: { key: string; ranges: readonly PlaceRange[]; atMs: number },
  { done, splits, present }: Reading,
): RecoveredBatch[] {
  const places = ranges.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, i) => first + i),
  );
  const there = places.filter((place) => present.has(place));
  if (there.every((place) => done.has(place))) return [];
  // Without all of its events it cannot be the same body: it needs another key.
  const isWhole = there.length === places.length || splits.has(key);
  if (isWhole) return [{ key, places, closedAtMs: atMs }];
  return [{ key: `${key}.r`, places: there, closedAtMs: atMs }];
}

async function setAside(files: Files, path: string, isDamaged: boolean): Promise<void> {
  if (isDamaged) await files.rename(path, `${path}.damaged`);
  else await removeFile(files, path);
}

/** The file itself goes once its good events are delivered; this name stays. */
async function keepCopy(files: Files, path: string): Promise<void> {
  try {
    await files.link(path, `${path}.damaged`);
  } catch {
    // There already, from a start before this one.
  }
}
