import { isRefusal } from '@weir/core/wire/refusal';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BodyForm } from '../body/content-type.ts';
import { parseEvents } from '../parse-events.ts';
import { LineCutter } from './cut-lines.ts';
import { eventTokens, format, gapLists, jsonValues } from './json-text.model.ts';
import { Lines } from './lines.ts';
import { exampleBatch, exampleHeader, exampleMs } from './segment-of.ts';

// The request path decides which events count, delivery cuts them out of the text much later. That
// both see the same events is what makes a receipt true.

/** With a small cap on an event, most bodies go through the parser for large ones. */
const eventCaps = [100_000, 40];
const good = jsonValues.map(({ sent }) => `{"type" : "t","data":${sent} }`);
const event = fc.tuple(eventTokens, gapLists).map(([tokens, gaps]) => format(tokens, gaps).sent);
const element = fc.oneof(
  { weight: 3, arbitrary: good },
  event,
  jsonValues.map(({ sent }) => sent),
);
const elements = fc.array(element, { maxLength: 6 });
const mark = fc.constantFrom('', '\ufeff');
const blank = fc.constantFrom('', ' ', '\n', '\r\n\t');

/** What the receipt says was taken, against the lines that come out. */
function compare(body: string, form: BodyForm, values: readonly unknown[]): void {
  for (const eventBytes of eventCaps) compareWithin(eventBytes, body, form, values);
}

function compareWithin(
  eventBytes: number,
  body: string,
  form: BodyForm,
  values: readonly unknown[],
): void {
  const bytes = Buffer.from(body);
  const limits = { bodyBytes: 1e6, decodedBytes: 1e6, eventBytes, events: 1_000 };
  const parsed = parseEvents(bytes, { form }, limits);
  if (isRefusal(parsed)) return;
  const lines = new Lines(16);
  const batch = { ...exampleBatch(), ...parsed, body: bytes, arrivedAtMs: exampleMs };
  new LineCutter(exampleHeader).cut(batch, 0, 0, lines);
  const stored = lines.view.toString('utf8').split('\n').slice(0, -1);
  const refused = new Set(parsed.rejected.map(({ index }) => index));
  const taken = values.filter((_, index) => !refused.has(index));
  expect(stored).toHaveLength(taken.length);
  for (const [i, line] of stored.entries()) {
    const filled: unknown = JSON.parse(line);
    expect(filled).toMatchObject({ specversion: '1.0', id: /./, ...(taken[i] as object) });
  }
}

test('on one event', () => {
  fc.assert(
    fc.property(element, mark, blank, (text, bom, space) => {
      compare(`${bom}${space}${text}${space}`, 'json', [JSON.parse(text)]);
    }),
  );
});

test('on an array', () => {
  fc.assert(
    fc.property(elements, mark, blank, (texts, bom, space) => {
      const body = `${bom}${space}[${texts.join(`,${space}`)}${space}]${space}`;
      compare(
        body,
        'json',
        texts.map((text) => JSON.parse(text)),
      );
    }),
  );
});

test('on an object that holds events', () => {
  const more = fc.constantFrom(
    '',
    ',"a":{"events":[1]}',
    ',"b":"]}"',
    ',"events":[{"type":"last"}]',
  );
  fc.assert(
    fc.property(elements, mark, more, (texts, bom, rest) => {
      const body = `${bom}{"x" : [{}] , "\\u0065vents" : [${texts.join()}] ${rest} }`;
      const { events } = JSON.parse(body.replace(bom, '')) as { events: unknown[] };
      compare(body, 'json', events);
    }),
  );
});

test('on lines, some of which are no JSON', () => {
  const junk = fc.constantFrom('{', '"', '[1', '{"type":"t"}}', '{"type":"t"} {"type":"t"}', '\\');
  const line = fc.oneof({ weight: 3, arbitrary: element }, junk, fc.constantFrom('', ' ', '\t'));
  const ends = fc.constantFrom('\n', '\r\n', '\n\n');
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), mark, ends, (texts, bom, end) => {
      const lines = texts.map((text) => text.replaceAll(/[\r\n]/g, ' '));
      const values = lines.filter((text) => text.trim() !== '').map(readOrNothing);
      compare(`${bom}${lines.join(end)}`, 'ndjson', values);
    }),
  );
});

function readOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the parser rejects it as well, or the lengths will not agree
  }
}
