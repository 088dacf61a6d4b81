import type { RejectedEvent } from '@weir/core/wire/event';
import type { Refusal } from '@weir/core/wire/refusal';
import type { RequestLimits } from '../caller.ts';
import type { BodyForm } from '../content-type.ts';
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
import { findItems, type Spans, skipSpace, textOf, trimEnd } from './spans.ts';
import { type ParsedEvents, single, Tally } from './tally.ts';
import { parseWhole } from './whole.ts';
import { closesWrapper, openWrapper } from './wrapper.ts';

/**
 * JSON of any size: its events are found first and then parsed one by one, so at no time more than
 * one of them is in memory. Says what `parseWhole` would say.
 */
export function parseLarge(
  body: Buffer,
  from: number,
  form: BodyForm,
  limits: RequestLimits,
): ParsedEvents | Refusal {
  const start = skipSpace(body, from, body.length);
  if (body[start] === 0x5b && form !== 'cloudevent') return parseArray(body, start, limits);
  if (form === 'cloudevents') return notJson(body, from) ?? notAnArray();
  const inside = form === 'json' ? openWrapper(body, start) : -1;
  if (inside !== -1) {
    const items = findItems(body, inside, limits.events);
    if (closesWrapper(body, items.end)) return parseItems(body, items, 'wrapper', limits);
  }
  return parseOne(body, from, form, limits);
}

function parseArray(body: Buffer, start: number, limits: RequestLimits): ParsedEvents | Refusal {
  const items = findItems(body, start + 1, limits.events);
  const isWhole = items.end !== -1 && skipSpace(body, items.end, body.length) === body.length;
  return isWhole ? parseItems(body, items, 'array', limits) : malformed(body, start);
}

function parseItems(
  body: Buffer,
  items: Spans,
  shape: Shape,
  limits: RequestLimits,
): ParsedEvents | Refusal {
  const { count } = items;
  if (count === 0) return noEvents();
  if (count > limits.events) return tooManyEvents(count, limits.events);
  const tally = new Tally(count);
  for (let index = 0; index < count; index += 1) {
    const outcome = parseItem(textOf(body, items, index), index, limits.eventBytes);
    if (outcome === undefined) return malformed(body, 0);
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
  const text = bytes.toString('utf8');
  try {
    return checkEvent(JSON.parse(text), index, text, bytes);
  } catch {
    return undefined;
  }
}

/** A body that is one event, if anything. */
function parseOne(
  body: Buffer,
  from: number,
  form: BodyForm,
  limits: RequestLimits,
): ParsedEvents | Refusal {
  const start = skipSpace(body, from, body.length);
  const bytes = trimEnd(body, start, body.length) - start;
  if (bytes <= limits.eventBytes) return parseWhole(body, from, form, limits);
  return notJson(body, from) ?? single(eventTooLarge(0, bytes, limits.eventBytes));
}
