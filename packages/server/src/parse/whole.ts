import { maxDepth } from '@weir/core/wire/event';
import type { Refusal } from '@weir/core/wire/refusal';
import type { RequestLimits } from '../tenants/caller.ts';
import { checkEvent, checkMembers, tooDeep } from './check-event.ts';
import { isDeeper } from './depth.ts';
import { malformed, noEvents, notAnArray, notAWrapper, tooManyEvents } from './refuse.ts';
import type { Sent } from './sent.ts';
import { findItems, skipSpace, textOf } from './spans.ts';
import { type ParsedEvents, single, Tally } from './tally.ts';
import { isPlainWrapper, isWrapper, openWrapper } from './wrapper.ts';

/** JSON that is small enough to be parsed in one go, so none of its events can be too large. */
export function parseWhole({ body, from, form, limits }: Sent): ParsedEvents | Refusal {
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
  if (form === 'cloudevent' || !isWrapper(value)) return single(checkEvent(value, 0, text, body));
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
