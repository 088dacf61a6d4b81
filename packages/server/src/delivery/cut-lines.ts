import { missing } from '@weir/core/wire/event';
import { formatReceipt } from '@weir/core/wire/receipt';
import type { StoredBatch } from '../spool/record.ts';
import type { SegmentHeader } from '../spool/segment-header.ts';
import { appendBinaryEvent } from './binary-event.ts';
import { EventIds } from './event-ids.ts';
import { isoTime } from './iso-time.ts';
import type { Lines } from './lines.ts';
import { copyValue, ScanError, skipSpace, skipString, skipValue } from './scan-json.ts';

const newline = 0x0a;
const comma = 0x2c;
const openBrace = 0x7b;
const openBracket = 0x5b;
const closeBrace = 0x7d;
const closeBracket = 0x5d;

/** More than weir ever adds to one event: a tenant is named at most twice, in 63 bytes. */
const mostAdded = 512;

/** A batch on its way into lines. */
interface Cutting {
  readonly batch: StoredBatch;
  readonly body: Buffer;
  readonly lines: Lines;
  /** Running number in the segment of the batch's first event. */
  readonly firstEvent: number;
  /** What ends each line, by what the event lacks; the id, if it lacks one, comes first. */
  readonly endings: (string | undefined)[];
  readonly receipt: string;
  /** Events of the body met so far, and how many of them were rejected. */
  index: number;
  rejected: number;
}

/**
 * Makes the stored lines of one segment's batches out of the senders' own text. It never parses:
 * numbers of any size, the order of names, escapes and repeated names come out as they went in.
 */
export class LineCutter {
  readonly #header: SegmentHeader;
  readonly #ids: EventIds;

  constructor(header: SegmentHeader) {
    this.#header = header;
    this.#ids = new EventIds(header.idSeed);
  }

  /**
   * Appends a line for each accepted event of a batch.
   *
   * @param ordinal the batch's place in its segment
   * @param firstEvent how many events of the segment precede it
   */
  cut(batch: StoredBatch, ordinal: number, firstEvent: number, lines: Lines): void {
    const { writer, segment } = this.#header;
    const body = Buffer.from(batch.body.buffer, batch.body.byteOffset, batch.body.length);
    const receipt = formatReceipt({ writer, segment, ordinal });
    const endings: string[] = [];
    const cutting = { batch, body, lines, firstEvent, endings, receipt, index: 0, rejected: 0 };
    this.#cutBody(cutting);
    const made = cutting.index - cutting.rejected;
    if (made !== batch.accepted) {
      throw new ScanError(`${receipt} holds ${made} events where ${batch.accepted} were taken`);
    }
  }

  #cutBody(cutting: Cutting): void {
    const { batch, body } = cutting;
    const start = skipMark(body);
    switch (batch.shape) {
      case 'event':
        this.#cutEvent(cutting, skipSpace(body, start, body.length), body.length);
        break;
      case 'ndjson':
        this.#cutNdjson(cutting, start);
        break;
      case 'array':
        this.#cutArray(cutting, skipSpace(body, start, body.length));
        break;
      case 'wrapper':
        this.#cutWrapper(cutting, skipSpace(body, start, body.length));
        break;
      case 'binary':
        appendBinaryEvent(batch, body, cutting.lines);
        cutting.lines.reserve(mostAdded);
        this.#finish(cutting);
        break;
    }
  }

  /** A line without anything but whitespace is no event and takes no index. */
  #cutNdjson(cutting: Cutting, start: number): void {
    const { body } = cutting;
    for (let at = start; at < body.length; ) {
      const found = body.indexOf(newline, at);
      const end = found === -1 ? body.length : found;
      const first = skipSpace(body, at, end);
      if (first < end) this.#cutEvent(cutting, first, end);
      at = end + 1;
    }
  }

  /** Cuts the elements of the array at `at`; returns where it ends. */
  #cutArray(cutting: Cutting, at: number): number {
    const { body } = cutting;
    const end = body.length;
    expect(body, at, openBracket);
    let i = skipSpace(body, at + 1, end);
    while (body[i] !== closeBracket) {
      i = skipSpace(body, this.#cutEvent(cutting, i, end), end);
      if (body[i] === comma) i = skipSpace(body, i + 1, end);
      else expect(body, i, closeBracket);
    }
    return i + 1;
  }

  /** The events are in the last member named `events`, as for every reader of JSON. */
  #cutWrapper(cutting: Cutting, at: number): void {
    const { body, lines } = cutting;
    const end = body.length;
    const start = lines.length;
    expect(body, at, openBrace);
    let i = skipSpace(body, at + 1, end);
    while (body[i] !== closeBrace) {
      const nameEnd = skipString(body, i, end);
      const value = skipSpace(body, skipSpace(body, nameEnd, end) + 1, end); // past the colon
      if (isEvents(body.subarray(i, nameEnd))) {
        lines.length = start;
        cutting.index = 0;
        cutting.rejected = 0;
        i = this.#cutArray(cutting, value);
      } else {
        i = skipValue(body, value, end, lines);
      }
      i = skipSpace(body, i, end);
      if (body[i] === comma) i = skipSpace(body, i + 1, end);
      else expect(body, i, closeBrace);
    }
  }

  /** Makes the line of the event at `at`, unless it was rejected; returns where the event ends. */
  #cutEvent(cutting: Cutting, at: number, end: number): number {
    const { batch, body, lines } = cutting;
    if (batch.rejected[cutting.rejected]?.index === cutting.index) {
      cutting.index += 1;
      cutting.rejected += 1;
      // A rejected line may be anything; a rejected element is a value among others.
      return batch.shape === 'ndjson' ? end : skipValue(body, at, end, lines);
    }
    expect(body, at, openBrace);
    lines.reserve(end - at + mostAdded);
    const ends = copyValue(body, at, end, lines);
    lines.length -= 1; // its closing brace
    this.#finish(cutting);
    return ends;
  }

  /** Adds what the event lacks and what is weir's own, and ends the line. */
  #finish(cutting: Cutting): void {
    const { batch, lines } = cutting;
    const place = cutting.index - cutting.rejected;
    const lacks =
      typeof batch.missing === 'number' ? batch.missing : (batch.missing[place] as number);
    if (lines.bytes[lines.length - 1] !== openBrace) lines.appendAscii(',');
    if ((lacks & missing.id) !== 0) {
      lines.appendAscii('"id":"');
      this.#ids.append(lines, batch.arrivedAtMs, cutting.firstEvent + place);
      lines.appendAscii('",');
    }
    const ending = cutting.endings[lacks] ?? makeEnding(cutting, lacks);
    lines.appendAscii(ending);
    cutting.index += 1;
  }
}

function makeEnding({ batch, receipt, endings }: Cutting, lacks: number): string {
  const { tenant, arrivedAtMs } = batch;
  let ending = '';
  if ((lacks & missing.specversion) !== 0) ending += '"specversion":"1.0",';
  if ((lacks & missing.source) !== 0) ending += `"source":"/tenants/${tenant}",`;
  if ((lacks & missing.time) !== 0) ending += `"time":"${isoTime(arrivedAtMs)}",`;
  ending += `"weirtenant":"${tenant}","weirreceipt":"${receipt}"}\n`;
  endings[lacks] = ending;
  return ending;
}

/** Past a byte order mark, which some senders put before their text. */
function skipMark(body: Buffer): number {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
}

function isEvents(name: Buffer): boolean {
  const text = name.toString('latin1');
  if (!text.includes('\\')) return text === '"events"';
  return JSON.parse(name.toString('utf8')) === 'events';
}

function expect(body: Buffer, at: number, byte: number): void {
  if (body[at] === byte) return;
  throw new ScanError(`expected ${String.fromCharCode(byte)} at byte ${at} of a body`);
}
