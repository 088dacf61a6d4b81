import { missing } from '@weir/core/wire/event';
import type { Refusal } from '@weir/core/wire/refusal';
import { parseEvents } from '../parse-events.ts';
import type { RequestLimits } from '../tenants/caller.ts';
import type { ParsedEvents } from './tally.ts';

// What the tests of parsing share: the limits of a server, and short ways to ask.

export const limits: RequestLimits = {
  bodyBytes: 8 << 20,
  decodedBytes: 32 << 20,
  eventBytes: 256 << 10,
  events: 10_000,
};

/** Everything that weir fills in. */
export const all: number = missing.specversion | missing.id | missing.source | missing.time;

export type Form = 'json' | 'ndjson' | 'cloudevent' | 'cloudevents';

export function parse(
  body: string | Buffer,
  form: Form,
  within: RequestLimits = limits,
): ParsedEvents | Refusal {
  return parseEvents(Buffer.from(body as string), { form }, within);
}

export function json(body: string | Buffer, within?: RequestLimits): ParsedEvents | Refusal {
  return parse(body, 'json', within);
}

export function ndjson(body: string | Buffer, within?: RequestLimits): ParsedEvents | Refusal {
  return parse(body, 'ndjson', within);
}

/** What is taken of a body without any rejected event. */
export function taken(shape: string, accepted: number, lacks: number): object {
  return { shape, accepted, rejected: [], missing: lacks };
}
