import { isRefusal } from '@weir/core/wire/refusal';
import fc from 'fast-check';
import { test } from 'vitest';
import { type BodyKind, bodyKind } from '../body/content-type.ts';
import { LineCutter } from '../delivery/cut-lines.ts';
import { Lines } from '../delivery/lines.ts';
import { exampleBatch, exampleHeader, exampleMs } from '../delivery/segment-of.ts';
import { parseEvents } from '../parse-events.ts';
import type { RequestHeaders } from '../request.ts';
import { eventLists, padding } from './event-texts.model.ts';

const limits = {
  bodyBytes: 8 << 20,
  decodedBytes: 32 << 20,
  eventBytes: 256 << 10,
  events: 10_000,
};
const filled = ['specversion', 'id', 'source', 'type', 'time', 'weirtenant', 'weirreceipt'];

// Two readers of the same bytes, which never speak to each other: what one lets through months
// before must not puzzle the other. LineCutter throws where it meets what it does not expect.

test('delivery makes a complete line of each event that was taken', () => {
  fc.assert(
    fc.property(eventLists, (list) => {
      const bodies = [
        [list[0] as string, 'json'],
        [`\ufeff${padding}${list[0]}`, 'json'],
        [`\ufeff [${list}] `, 'json'],
        [`[${list}${padding}]`, 'cloudevents'],
        [` {\n"events" :[${list}]}`, 'json'],
        [`{"events":[${list}${padding}]}\n`, 'json'],
      ] as const;
      return bodies.every(([body, form]) => isDelivered(Buffer.from(body), { form }));
    }),
  );
});

test('delivery passes over the lines that were no events', () => {
  const odd = fc.constantFrom('', ' \t', '\r', '{oops', '[', '"', '\ufeff', '{"type":', '}', '1 2');
  fc.assert(
    fc.property(eventLists, fc.array(odd), fc.constantFrom('', '\ufeff'), (list, others, mark) => {
      const lines = list.flatMap((event, at) => [event, ...others.slice(at, at + 1)]);
      const body = Buffer.from(mark + lines.join('\r\n'));
      return isDelivered(body, { form: 'ndjson' });
    }),
    { numRuns: 500 },
  );
});

test('delivery makes an event of headers and data', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('/s', '2026-01-31T12:00:00Z')).map(encode);
  const names = fc.constantFrom('ce-id', 'ce-source', 'ce-time', 'ce-subject', 'ce-x');
  const types = [
    'application/json',
    'text/json',
    'a/b+json; x=y',
    'text/plain',
    'image/png',
    'a/b',
  ];
  const data = fc.oneof(fc.json(), fc.string(), fc.uint8Array(), fc.constant(' {"a": [1, 2]}\n'));
  fc.assert(
    fc.property(
      fc.dictionary(names, text),
      fc.constantFrom(undefined, ...types),
      data,
      (attributes, contentType, body) => {
        const headers = { 'ce-type': 'a', ...attributes, 'content-type': contentType };
        const kind = bodyKind(headers) as BodyKind;
        return isDelivered(Buffer.from(body as string), kind, headers);
      },
    ),
    { numRuns: 1_000 },
  );
});

/** Whether the lines of a body, if it is taken, are as many as its events and complete. */
function isDelivered(body: Buffer, kind: BodyKind, headers?: RequestHeaders): boolean {
  const parsed = parseEvents(body, kind, limits, headers);
  if (isRefusal(parsed)) return true;
  const lines = new Lines(1_024);
  const batch = { ...exampleBatch({ ...parsed, body }), arrivedAtMs: exampleMs };
  new LineCutter(exampleHeader).cut(batch, 0, 0, lines);
  const made = lines.view.toString('utf8').split('\n').slice(0, -1);
  return made.length === parsed.accepted && made.every(isComplete);
}

function isComplete(line: string): boolean {
  const event = JSON.parse(line) as Record<string, unknown>;
  return filled.every((name) => typeof event[name] === 'string' && event[name] !== '');
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
