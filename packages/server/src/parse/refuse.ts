import { isUtf8 } from 'node:buffer';
import type { RejectedEvent } from '@weir/core/wire/event';
import type { Refusal } from '@weir/core/wire/refusal';
import { findJsonError } from './json-error.ts';
import { skipSpace } from './spans.ts';

/** Most rejected events that a refusal lists; it says how many there are. */
const maxListed = 100;

export function noEvents(): Refusal {
  return { refused: 'malformed', detail: 'body: expected at least one event' };
}

export function notAnArray(): Refusal {
  return { refused: 'malformed', detail: 'body: expected an array of events' };
}

export function notAWrapper(): Refusal {
  const detail = 'body: expected {"events":[…]} and nothing else in it, or an event with a type';
  return { refused: 'malformed', detail };
}

export function tooManyEvents(events: number, most: number): Refusal {
  return {
    refused: 'too_many_events',
    detail: `body: expected at most ${most} events in one request, got ${events}`,
    members: { events, limit: most },
  };
}

export function eventTooLarge(index: number, bytes: number, most: number): RejectedEvent {
  const detail = `events[${index}]: expected at most ${most} bytes, got ${bytes}`;
  return { index, code: 'event_too_large', detail };
}

/** Nothing of the body can be taken. Where size alone is to blame, its code says so. */
export function allRejected(rejected: readonly RejectedEvent[]): Refusal {
  const isSize = rejected.every(({ code }) => code === 'event_too_large');
  return {
    refused: isSize ? 'too_large' : 'invalid_events',
    detail: (rejected[0] as RejectedEvent).detail,
    members: { rejected: rejected.slice(0, maxListed), rejectedCount: rejected.length },
  };
}

/** For a body that JSON.parse has refused from `from` on: where, and what had to stand there. */
export function malformed(body: Uint8Array, from: number): Refusal {
  const refusal = notJson(body, from);
  if (refusal === undefined) throw new Error('JSON.parse refused what JSON allows');
  return refusal;
}

/** undefined where the body is JSON from `from` on. */
export function notJson(body: Uint8Array, from: number): Refusal | undefined {
  if (skipSpace(body, from, body.length) === body.length) return noEvents();
  const error = findJsonError(body, from, body.length);
  if (error === undefined) return undefined;
  const detail = `body: ${place(body, from, error.at)}: expected ${error.expected}`;
  return { refused: 'malformed', detail };
}

/** Names the first character that is none. */
export function invalidUtf8(body: Uint8Array): Refusal {
  let good = 0;
  let bad = body.length;
  // Halves what is in doubt, always between two characters; the check itself is native.
  while (bad - good > 4) {
    let middle = (good + bad) >> 1;
    while (middle > good && isContinuation(body[middle])) middle -= 1;
    if (middle === good) break;
    if (isUtf8(body.subarray(good, middle))) good = middle;
    else bad = middle;
  }
  for (let next = good + 1; next < bad; next += 1) {
    if (isUtf8(body.subarray(good, next))) good = next;
  }
  return { refused: 'invalid_utf8', detail: `body: byte ${good}: expected UTF-8` };
}

function isContinuation(byte: number | undefined): boolean {
  return ((byte as number) & 0xc0) === 0x80;
}

/** Line and column from 1, as an editor counts them. */
function place(body: Uint8Array, from: number, at: number): string {
  let line = 1;
  let start = from;
  for (let end = body.indexOf(0x0a, start); end !== -1 && end < at; ) {
    line += 1;
    start = end + 1;
    end = body.indexOf(0x0a, start);
  }
  return `line ${line}, column ${columnOf(body, start, at)}`;
}

/** Counts characters, not bytes, from 1. */
export function columnOf(line: Uint8Array, start: number, at: number): number {
  let column = 1;
  for (let passed = start; passed < at; passed += 1) {
    if (!isContinuation(line[passed])) column += 1;
  }
  return column;
}
