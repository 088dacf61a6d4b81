import type { RejectedEvent } from '@weir/core/wire/event';
import type { Refusal } from '@weir/core/wire/refusal';
import { checkEvent } from './check-event.ts';
import { findJsonError } from './json-error.ts';
import { columnOf, eventTooLarge, noEvents, tooManyEvents } from './refuse.ts';
import type { Sent } from './sent.ts';
import { findLines, textOf } from './spans.ts';
import { type ParsedEvents, Tally } from './tally.ts';
import { lackedByUsual, unusual } from './usual-event.ts';

/**
 * Past this many lines that are no JSON, the next ones are looked at before JSON.parse sees them:
 * an exception costs 3 µs, looking 0.1, and a request may bring ten thousand.
 */
const maxThrown = 100;

/** NDJSON: each line stands for itself, so one that is no JSON harms no other. */
export function parseLines({ body, from, limits }: Sent): ParsedEvents | Refusal {
  const lines = findLines(body, from, limits.events);
  const { count } = lines;
  if (count === 0) return noEvents();
  if (count > limits.events) return tooManyEvents(count, limits.events);
  const tally = new Tally(count);
  let thrown = 0;
  for (let index = 0; index < count; index += 1) {
    const line = textOf(body, lines, index);
    const outcome = parseLine(line, index, limits.eventBytes, thrown < maxThrown);
    if (typeof outcome !== 'number' && outcome.code === 'malformed') thrown += 1;
    tally.add(outcome);
  }
  return tally.result('ndjson');
}

function parseLine(
  line: Buffer,
  index: number,
  mostBytes: number,
  isTrusted: boolean,
): number | RejectedEvent {
  if (line.length > mostBytes) return eventTooLarge(index, line.length, mostBytes);
  const lacked = lackedByUsual(line);
  if (lacked !== unusual) return lacked;
  if (!isTrusted && findJsonError(line, 0, line.length) !== undefined) {
    return malformedLine(line, index);
  }
  let value: unknown;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch {
    return malformedLine(line, index);
  }
  return checkEvent(value, index, line);
}

function malformedLine(line: Buffer, index: number): RejectedEvent {
  const error = findJsonError(line, 0, line.length);
  if (error === undefined) throw new Error('JSON.parse refused what JSON allows');
  const column = columnOf(line, 0, error.at);
  const detail = `events[${index}]: column ${column}: expected ${error.expected}`;
  return { index, code: 'malformed', detail };
}
