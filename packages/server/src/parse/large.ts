import type { RejectedEvent } from '@weir/core/wire/event';
import type { Refusal } from '@weir/core/wire/refusal';
import type { Shape } from '../spool/record.ts';
import { checkEvent } from './check-event.ts';
import { findJsonError } from './json-error.ts';
import {
  eventTooLarge,
  malformed,
  noEvents,
  notAnArray,
  notJson,
  tooManyEvents,
} from './refuse.ts';
import type { Sent } from './sent.ts';
import { findItems, type Spans, skipSpace, textOf, trimEnd } from './spans.ts';
import { type ParsedEvents, single, Tally } from './tally.ts';
import { lackedByUsual, unusual } from './usual-event.ts';
import { parseWhole } from './whole.ts';
import { closesWrapper, openWrapper } from './wrapper.ts';

/**
 * JSON of any size: its events are found first and then parsed one by one, so at no time more than
 * one of them is in memory. Says what `parseWhole` would say.
 */
export function parseLarge(sent: Sent): ParsedEvents | Refusal {
  const { body, from, form, limits } = sent;
  const start = skipSpace(body, from, body.length);
  if (body[start] === 0x5b && form !== 'cloudevent') return parseArray(sent, start);
  if (form === 'cloudevents') return notJson(body, from) ?? notAnArray();
  const inside = form === 'json' ? openWrapper(body, start) : -1;
  if (inside !== -1) {
    const items = findItems(body, inside, limits.events);
    if (closesWrapper(body, items.end)) return parseItems(sent, items, 'wrapper');
  }
  return parseOne(sent, start);
}

function parseArray(sent: Sent, start: number): ParsedEvents | Refusal {
  const { body, from, limits } = sent;
  const items = findItems(body, start + 1, limits.events);
  const isWhole = items.end !== -1 && skipSpace(body, items.end, body.length) === body.length;
  return isWhole ? parseItems(sent, items, 'array') : malformed(body, from);
}

function parseItems(
  { body, from, limits }: Sent,
  items: Spans,
  shape: Shape,
): ParsedEvents | Refusal {
  const { count } = items;
  if (count === 0) return noEvents();
  if (count > limits.events) return tooManyEvents(count, limits.events);
  const tally = new Tally(count);
  for (let index = 0; index < count; index += 1) {
    const outcome = parseItem(textOf(body, items, index), index, limits.eventBytes);
    if (outcome === undefined) return malformed(body, from);
    tally.add(outcome);
  }
  return tally.result(shape);
}

/** undefined where the item is no JSON, and so the body as a whole is none. */
function parseItem(
  bytes: Buffer,
  index: number,
  mostBytes: number,
): number | RejectedEvent | undefined {
  if (bytes.length > mostBytes) {
    // Nobody reads it, but a neighbour that follows broken text would be anyone's guess.
    if (findJsonError(bytes, 0, bytes.length) !== undefined) return undefined;
    return eventTooLarge(index, bytes.length, mostBytes);
  }
  const lacked = lackedByUsual(bytes);
  if (lacked !== unusual) return lacked;
  try {
    return checkEvent(JSON.parse(bytes.toString('utf8')), index, bytes);
  } catch {
    return undefined;
  }
}

/** A body that is one event, if anything. */
function parseOne(sent: Sent, start: number): ParsedEvents | Refusal {
  const { body, from, limits } = sent;
  const bytes = trimEnd(body, start, body.length) - start;
  if (bytes <= limits.eventBytes) return parseWhole(sent);
  return notJson(body, from) ?? single(eventTooLarge(0, bytes, limits.eventBytes));
}
