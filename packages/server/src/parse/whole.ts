import type { Refusal } from '@weir/core/wire/refusal';
import type { RequestLimits } from '../caller.ts';
import type { BodyForm } from '../content-type.ts';
import type { Shape } from '../spool/record.ts';
import { checkEvent } from './check-event.ts';
import { malformed, noEvents, notAnArray, notAWrapper, tooManyEvents } from './refuse.ts';
import { type ParsedEvents, single, Tally } from './tally.ts';
import { isPlainWrapper, isWrapper } from './wrapper.ts';

/** JSON that is small enough to be parsed in one go, so none of its events can be too large. */
export function parseWhole(
  body: Buffer,
  from: number,
  form: BodyForm,
  limits: RequestLimits,
): ParsedEvents | Refusal {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8', from));
  } catch {
    return malformed(body, from);
  }
  if (form === 'cloudevent') return single(checkEvent(value, 0));
  if (Array.isArray(value)) return parseItems(value, 'array', limits);
  if (form === 'cloudevents') return notAnArray();
  if (!isWrapper(value)) return single(checkEvent(value, 0));
  const isPlain = Object.keys(value).length === 1 && isPlainWrapper(body, from);
  return isPlain ? parseItems(value.events, 'wrapper', limits) : notAWrapper();
}

function parseItems(
  items: readonly unknown[],
  shape: Shape,
  { events }: RequestLimits,
): ParsedEvents | Refusal {
  if (items.length === 0) return noEvents();
  if (items.length > events) return tooManyEvents(items.length, events);
  const tally = new Tally(items.length);
  for (let index = 0; index < items.length; index += 1) {
    tally.add(checkEvent(items[index], index));
  }
  return tally.result(shape);
}
