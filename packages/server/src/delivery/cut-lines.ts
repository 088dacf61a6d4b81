import type { StoredBatch } from '../spool/record.ts';
import type { SegmentHeader } from '../spool/segment-header.ts';
import { appendBinaryEvent } from './binary-event.ts';
import { LineEndings, mostEndingBytes } from './line-endings.ts';
import type { Lines } from './lines.ts';
import { ScanError, skipSpace, skipString, skipValue } from './scan-json.ts';
import { JsonSqueezer } from './squeeze-json.ts';

const newline = 0x0a;
const comma = 0x2c;
const openBrace = 0x7b;
const openBracket = 0x5b;
const closeBrace = 0x7d;
const closeBracket = 0x5d;

/** One a thread: only one body is cut at a time. */
const squeezer = new JsonSqueezer();

/** A batch on its way into lines. */
interface Cutting {
  readonly batch: StoredBatch;
  readonly body: Buffer;
  readonly lines: Lines;
  /** Running number in the segment of the batch's first event. */
  readonly firstEvent: number;
  readonly ordinal: number;
  /** Events of the body met so far, and how many of them were rejected. */
  index: number;
  rejected: number;
}

/**
 * Makes the stored lines of one segment's batches out of the senders' own text. It never parses:
 * numbers of any size, the order of names, escapes and repeated names come out as they went in.
 */
export class LineCutter {
  readonly #endings: LineEndings;

  constructor(header: SegmentHeader) {
    this.#endings = new LineEndings(header);
  }

  /**
   * Appends a line for each accepted event of a batch.
   *
   * @param ordinal the batch's place in its segment
   * @param firstEvent how many events of the segment precede it
   */
  cut(batch: StoredBatch, ordinal: number, firstEvent: number, lines: Lines): void {
    const { buffer, byteOffset, length } = batch.body;
    const body = Buffer.isBuffer(batch.body) ? batch.body : Buffer.from(buffer, byteOffset, length);
    const cutting = { batch, body, lines, ordinal, firstEvent, index: 0, rejected: 0 };
    squeezer.load(body);
    this.#cutBody(cutting);
    const made = cutting.index - cutting.rejected;
    if (made !== batch.accepted) {
      throw new ScanError(
        `batch ${ordinal} holds ${made} events, and ${batch.accepted} were taken`,
      );
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
        cutting.lines.reserve(mostEndingBytes);
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
    lines.reserve(end - at + mostEndingBytes);
    const ends = squeezer.copyValue(at, lines);
    lines.length -= 1; // its closing brace
    this.#finish(cutting);
    return ends;
  }

  /** Adds what the event lacks and what is weir's own, and ends the line. */
  #finish(cutting: Cutting): void {
    const { batch, lines, ordinal, firstEvent } = cutting;
    const place = cutting.index - cutting.rejected;
    const lacks =
      typeof batch.missing === 'number' ? batch.missing : (batch.missing[place] as number);
    const { tenant, arrivedAtMs } = batch;
    const number = firstEvent + place;
    this.#endings.append(lines, { tenant, arrivedAtMs, ordinal, number }, lacks);
    cutting.index += 1;
  }
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
