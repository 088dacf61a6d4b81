import type { RejectedEvent } from '@weir/core/wire/event';
import { isRefusal } from '@weir/core/wire/refusal';
import fc from 'fast-check';
import { test } from 'vitest';
import type { BodyForm } from './body/content-type.ts';
import { eventLists, eventTexts, padding } from './parse/event-texts.model.ts';
import { parseEvents } from './parse-events.ts';

const limits = {
  bodyBytes: 8 << 20,
  decodedBytes: 32 << 20,
  eventBytes: 256 << 10,
  events: 10_000,
};

test('every event is accepted or rejected, in its place, whatever it is', () => {
  fc.assert(
    fc.property(eventLists, (list) => {
      const outcome = parse(`[${list}]`, 'json');
      if (isRefusal(outcome)) return outcome.members?.rejectedCount === list.length;
      const { accepted, rejected, missing } = outcome;
      const places = rejected.map(({ index }) => index);
      return (
        accepted > 0 &&
        accepted + rejected.length === list.length &&
        places.every((place, at) => place < list.length && place > (places[at - 1] ?? -1)) &&
        (typeof missing === 'number' || missing.length === accepted)
      );
    }),
    { numRuns: 500 },
  );
});

test('the same events come to the same end in every shape and size', () => {
  fc.assert(
    fc.property(eventLists, (list) => {
      const array = outcomes(`[${list}]`, 'json');
      const others = [
        outcomes(`[${list}]`, 'cloudevents'),
        outcomes(`{"events":[${list}]}`, 'json'),
        outcomes(list.join('\n'), 'ndjson'),
        outcomes(`\ufeff${list.join('\r\n\n')}\n`, 'ndjson'),
        outcomes(`\ufeff[${padding}${list}]`, 'json'),
        outcomes(`{"events":[${list}]${padding}}`, 'json'),
        list.map((event, index) => outcomes(event, 'cloudevent', index)[0]),
      ];
      const wanted = JSON.stringify(array);
      return others.every((other) => JSON.stringify(other) === wanted);
    }),
  );
});

test('where events may be smaller than their body, the large ones alone are too large', () => {
  fc.assert(
    fc.property(eventLists, fc.integer({ min: 10, max: 60 }), (list, eventBytes) => {
      const free = outcomes(`[${list}]`, 'json');
      const wanted = list.map((event, index) => {
        const bytes = Buffer.byteLength(event.replace(/^[ \t\r]+|[ \t\r]+$/g, ''));
        return bytes > eventBytes ? 'event_too_large' : codeOf(free[index]);
      });
      const within = { ...limits, eventBytes };
      const bodies = [
        outcomes(`[${list}]`, 'json', 0, within),
        outcomes(`{"events":[${list}]}`, 'json', 0, within),
        outcomes(list.join('\n'), 'ndjson', 0, within),
      ];
      return bodies.every((body) => JSON.stringify(body.map(codeOf)) === JSON.stringify(wanted));
    }),
    { numRuns: 500 },
  );
});

test('no body makes it throw', () => {
  const forms = fc.constantFrom<BodyForm>('json', 'ndjson', 'cloudevent', 'cloudevents', 'binary');
  const noise = fc.stringMatching(/^[[\]{}:,"\\events0-9 \n]{0,40}$/);
  const bodies = fc.oneof(noise, fc.string({ unit: 'binary' }), fc.uint8Array(), eventTexts);
  const sizes = fc.constantFrom(1, 10, 1 << 20);
  fc.assert(
    fc.property(forms, bodies, sizes, (form, body, eventBytes) => {
      const headers = { 'ce-type': 'a', 'ce-x': body.toString() };
      const kind = { form, contentType: 'application/json' };
      const bytes = Buffer.from(body as string);
      const outcome = parseEvents(bytes, kind, { ...limits, eventBytes }, headers);
      return isRefusal(outcome) ? outcome.detail !== '' : outcome.accepted > 0;
    }),
    { numRuns: 5_000 },
  );
});

type Outcome = number | Omit<RejectedEvent, 'index'>;

/** What became of each event: what it lacks, or why it was rejected. */
function outcomes(body: string, form: BodyForm, first = 0, within = limits): readonly Outcome[] {
  const parsed = parse(body, form, within);
  if (isRefusal(parsed)) {
    const rejected = parsed.members?.rejected as readonly RejectedEvent[] | undefined;
    if (rejected === undefined) throw new Error(`${parsed.refused}: ${parsed.detail}`);
    return rejected.map((event) => reason(event, first));
  }
  const { accepted, rejected, missing } = parsed;
  const all: Outcome[] = [];
  for (const event of rejected) all[event.index] = reason(event, first);
  let place = 0;
  for (let index = 0; index < accepted + rejected.length; index += 1) {
    all[index] ??= typeof missing === 'number' ? missing : (missing[place] as number);
    if (typeof all[index] === 'number') place += 1;
  }
  return all;
}

/** Without its index, and told as though it were the event at `first` plus its index. */
function reason({ index, code, detail }: RejectedEvent, first: number): Outcome {
  return { code, detail: detail.replace(`events[${index}]`, `events[${index + first}]`) };
}

function codeOf(outcome: Outcome | undefined): string {
  return typeof outcome === 'object' ? outcome.code : 'accepted';
}

function parse(body: string, form: BodyForm, within = limits) {
  return parseEvents(Buffer.from(body), { form }, within);
}
