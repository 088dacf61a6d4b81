import { maxDepth } from '@weir/core/wire/event';
import type { Refusal } from '@weir/core/wire/refusal';
import type { RequestLimits } from '../tenants/caller.ts';
import { checkEvent, checkMembers, tooDeep } from './check-event.ts';
import { isDeeper } from './depth.ts';
import { openArray } from './json-bytes.ts';
import { malformed, noEvents, notAnArray, notAWrapper, tooManyEvents } from './refuse.ts';
import type { Sent } from './sent.ts';
import { findItems, skipSpace, textOf, trimEnd } from './spans.ts';
import { type ParsedEvents, single, Tally } from './tally.ts';
import { lackedByEach, lackedByUsual, unusual } from './usual-event.ts';
import { isPlainWrapper, isWrapper, openWrapper } from './wrapper.ts';

/** JSON that is small enough to be parsed in one go, so none of its events can be too large. */
export function parseWhole(sent: Sent): ParsedEvents | Refusal {
  return parseUsual(sent) ?? parseAny(sent);
}

/** One event or an array of them, all good; undefined where that must be looked at closer. */
function parseUsual({ body, from, form, limits }: Sent): ParsedEvents | Refusal | undefined {
  const start = skipSpace(body, from, body.length);
  const bytes = body.subarray(start, trimEnd(body, start, body.length));
  if (bytes[0] === openArray && form !== 'cloudevent') {
    return allUsual(bytes, limits);
  }
  const lacked = form === 'cloudevents' ? unusual : lackedByUsual(bytes);
  return lacked === unusual ? undefined : single(lacked);
}

function allUsual(bytes: Buffer, limits: RequestLimits): ParsedEvents | Refusal | undefined {
  const each = lackedByEach(bytes, limits.events);
  if (each === undefined) return undefined;
  const tally = new Tally(each.length);
  for (const lacked of each) tally.add(lacked);
  return tally.result('array');
}

function parseAny({ body, from, form, limits }: Sent): ParsedEvents | Refusal {
  const text = body.toString('utf8', from);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return malformed(body, from);
  }
  if (Array.isArray(value) && form !== 'cloudevent') {
    const inside = skipSpace(body, from, body.length) + 1;
    return parseItems(value, { body, inside, shape: 'array' }, limits);
  }
  if (form === 'cloudevents') return notAnArray();
  if (form === 'cloudevent' || !isWrapper(value)) return single(checkEvent(value, 0, body));
  if (Object.keys(value).length > 1 || !isPlainWrapper(body, from)) return notAWrapper();
  const inside = openWrapper(body, from);
  return parseItems(value.events, { body, inside, shape: 'wrapper' }, limits);
}

/** Where the text of parsed items stands: behind the `[` that lies just before `inside`. */
interface Source {
  readonly body: Buffer;
  readonly inside: number;
  readonly shape: 'array' | 'wrapper';
}

function parseItems(
  items: readonly unknown[],
  { body, inside, shape }: Source,
  { events }: RequestLimits,
): ParsedEvents | Refusal {
  if (items.length === 0) return noEvents();
  if (items.length > events) return tooManyEvents(items.length, events);
  // Only where something is nested too deep does it matter in which of them.
  const around = shape === 'array' ? 1 : 2;
  const spans = isDeeper(body, maxDepth + around) ? findItems(body, inside, events) : undefined;
  const tally = new Tally(items.length);
  for (let index = 0; index < items.length; index += 1) {
    const outcome = checkMembers(items[index], index);
    const isDeep = spans !== undefined && isDeeper(textOf(body, spans, index), maxDepth);
    tally.add(isDeep && typeof outcome === 'number' ? tooDeep(index) : outcome);
  }
  return tally.result(shape);
}
