import { decodePreamble, type Frame, frameAt, preambleBytes, type Secret } from './frame.ts';

/**
 * `clean`: every byte up to the end is good. `torn`: what lies beyond `end` was never known to be
 * durable; cut it. `corrupt`: something that was durable is damaged.
 */
export type Verdict = 'clean' | 'torn' | 'corrupt';

export interface Recovery {
  readonly verdict: Verdict;
  /** undefined where not even the preamble could be read. */
  readonly secret: Secret | undefined;
  /** Up to here every byte is good. */
  readonly end: number;
  /** Up to here it was known to be durable; never beyond `end`, unless it is corrupt. */
  readonly durable: number;
  /** The payload of the first record; undefined where there is none, or it is damaged. */
  readonly header: Uint8Array | undefined;
  /** The payloads of the good ones that follow; of a corrupt segment also those behind damage. */
  readonly records: readonly Uint8Array[];
  /** How many of these lie before any damage, so that their places are known. */
  readonly placed: number;
}

export interface RecoverOptions {
  /** Bytes from here on are to be ignored, whatever they are; Infinity for none. */
  readonly cutBytes: number;
  /** Up to here the file is known to have been durable; Infinity for a segment that was sealed. */
  readonly durableBytes: number;
}

interface Scan {
  readonly bytes: Buffer;
  readonly secret: Secret;
  readonly records: Uint8Array[];
  /** The highest offset that any checkpoint says was durable. */
  durable: number;
}

/** What a remembered cut is known by; undefined where the preamble cannot be read. */
export function secretOf(file: Uint8Array): Secret | undefined {
  return decodePreamble(Buffer.from(file.buffer, file.byteOffset, file.length));
}

/** What of a segment can be believed. Reads the bytes only; whoever calls cuts or sets aside. */
export function recover(file: Uint8Array, options: RecoverOptions): Recovery {
  const length = Math.min(file.length, options.cutBytes);
  const bytes = Buffer.from(file.buffer, file.byteOffset, length);
  const durable = Math.min(options.durableBytes, length);
  const secret = decodePreamble(bytes);
  if (secret === undefined) {
    // The preamble is durable before anything follows it.
    const verdict = bytes.length > preambleBytes || durable > 0 ? 'corrupt' : 'torn';
    return { verdict, secret, end: 0, durable, header: undefined, records: [], placed: 0 };
  }
  const scan: Scan = { bytes, secret, records: [], durable };
  const end = readFrames(scan, preambleBytes);
  const good = scan.records.length;
  if (end < length) searchOn(scan, end);
  const verdict = end === length ? 'clean' : scan.durable > end ? 'corrupt' : 'torn';
  if (verdict === 'torn') scan.records.length = good;
  const header = good === 0 ? undefined : scan.records.shift();
  const placed = Math.max(0, good - 1);
  const { records } = scan;
  return { verdict, secret, end, durable: scan.durable, header, records, placed };
}

/** Reads good frames from `from` on; returns where they end. */
function readFrames(scan: Scan, from: number): number {
  let at = from;
  for (;;) {
    const frame = frameAt(scan.bytes, at, scan.secret);
    if (frame === undefined) return at;
    keep(scan, frame);
    at = frame.end;
  }
}

function keep(scan: Scan, { from, end, durable }: Frame): void {
  if (durable === undefined) scan.records.push(scan.bytes.subarray(from, end));
  else scan.durable = Math.max(scan.durable, durable);
}

/** Looks for frames behind the damage at `from`: a checkpoint there tells what was durable. */
function searchOn(scan: Scan, from: number): void {
  const mark = Buffer.alloc(4);
  mark.writeUInt32LE(scan.secret.mark);
  let at = scan.bytes.indexOf(mark, from);
  while (at !== -1) {
    const end = readFrames(scan, at);
    at = scan.bytes.indexOf(mark, Math.max(end, at + 1));
  }
}
