import { missing } from '@weir/core/wire/event';
import { formatReceipt } from '@weir/core/wire/receipt';
import type { SegmentHeader } from '../spool/segment-header.ts';
import { EventIds, idBytes } from './event-ids.ts';
import { isoTime } from './iso-time.ts';
import type { Lines } from './lines.ts';

const timeBytes = 24;
const minuteMs = 60_000;
const noId = ' '.repeat(idBytes);
const noTime = ' '.repeat(timeBytes);

/** A tenant's ending, complete but for an id, a time and the last part of its receipt. */
interface Ending {
  readonly bytes: Buffer;
  /** Where the id goes, and where the time; -1 where the event brought its own. */
  readonly idAt: number;
  readonly timeAt: number;
}

/**
 * Of this many tenants the endings are remembered, about half a KiB each; beyond, all are forgotten
 * and made again. Ten thousand tenants in turn must fit: making each anew took a third of packing.
 */
const mostTenants = 16_384;

/** More than any ending is long: a tenant is named at most twice, in 63 bytes each. */
export const mostEndingBytes = 512;

/** Which event an ending is for. */
export interface EventPlace {
  readonly tenant: string;
  readonly arrivedAtMs: number;
  /** Of its batch in the segment. */
  readonly ordinal: number;
  /** The event's running number in the segment. */
  readonly number: number;
}

/**
 * What weir adds to events: what they lack, and always their tenant and receipt. Made once a tenant
 * and then copied, as making them anew for each event took as long as compressing it.
 */
export class LineEndings {
  readonly #receiptStart: string;
  readonly #ids: EventIds;
  readonly #byTenant = new Map<string, (Ending | undefined)[]>();
  readonly #time = Buffer.alloc(timeBytes);
  /** Start of the minute that `#time` is of. */
  #minuteMs = Number.NaN;

  constructor({ writer, segment, idSeed }: SegmentHeader) {
    this.#receiptStart = formatReceipt({ writer, segment, ordinal: 0 }).slice(0, -1);
    this.#ids = new EventIds(idSeed);
  }

  /**
   * Ends a line: `mostEndingBytes` were reserved, and the event stands there but for its last brace.
   *
   * @param lacks what to fill in, as bits of `missing`
   */
  append(lines: Lines, place: EventPlace, lacks: number): void {
    const ending = this.#ending(place.tenant, lacks);
    const { bytes } = lines;
    const at = lines.length;
    ending.bytes.copy(bytes, at);
    if (ending.idAt !== -1) {
      this.#ids.write(bytes, at + ending.idAt, place.arrivedAtMs, place.number);
    }
    if (ending.timeAt !== -1) this.#timeOf(place.arrivedAtMs).copy(bytes, at + ending.timeAt);
    lines.length = at + ending.bytes.length;
    appendDecimal(lines, place.ordinal);
    bytes[lines.length] = 0x22; // "
    bytes[lines.length + 1] = 0x7d; // }
    bytes[lines.length + 2] = 0x0a;
    lines.length += 3;
  }

  #ending(tenant: string, lacks: number): Ending {
    let known = this.#byTenant.get(tenant);
    if (known === undefined) {
      if (this.#byTenant.size >= mostTenants) this.#byTenant.clear();
      known = [];
      this.#byTenant.set(tenant, known);
    }
    let ending = known[lacks];
    if (ending === undefined) {
      ending = makeEnding(tenant, lacks, this.#receiptStart);
      known[lacks] = ending;
    }
    return ending;
  }

  /** Up to the minute it is the same for thousands of batches. */
  #timeOf(ms: number): Buffer {
    const time = this.#time;
    const inMinute = ms - this.#minuteMs;
    if (inMinute >= 0 && inMinute < minuteMs) {
      writeDigits(time, 17, 2, Math.floor(inMinute / 1_000));
      writeDigits(time, 20, 3, inMinute % 1_000);
    } else {
      time.write(isoTime(ms), 'latin1');
      this.#minuteMs = ms - (ms % minuteMs);
    }
    return time;
  }
}

/** Writes the last `digits` decimal digits of a whole number. */
function writeDigits(bytes: Buffer, at: number, digits: number, value: number): void {
  for (let i = at + digits - 1, rest = value; i >= at; i -= 1) {
    bytes[i] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

function makeEnding(tenant: string, lacks: number, receiptStart: string): Ending {
  let text = ',';
  let idAt = -1;
  let timeAt = -1;
  if ((lacks & missing.specversion) !== 0) text += '"specversion":"1.0",';
  if ((lacks & missing.id) !== 0) {
    idAt = text.length + '"id":"'.length;
    text += `"id":"${noId}",`;
  }
  if ((lacks & missing.source) !== 0) text += `"source":"/tenants/${tenant}",`;
  if ((lacks & missing.time) !== 0) {
    timeAt = text.length + '"time":"'.length;
    text += `"time":"${noTime}",`;
  }
  text += `"weirtenant":"${tenant}","weirreceipt":"${receiptStart}`;
  return { bytes: Buffer.from(text, 'latin1'), idAt, timeAt };
}

function appendDecimal(lines: Lines, value: number): void {
  let digits = 1;
  for (let power = 10; power <= value; power *= 10) digits += 1;
  writeDigits(lines.bytes, lines.length, digits, value);
  lines.length += digits;
}
