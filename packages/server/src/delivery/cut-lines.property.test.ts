import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Batch } from '../spool/record.ts';
import { LineCutter } from './cut-lines.ts';
import { eventTokens, format, gapLists, jsonValues } from './json-text.model.ts';
import { Lines } from './lines.ts';
import { exampleBatch, exampleHeader, exampleMs } from './segment-of.ts';

const tail = '"weirtenant":"acme","weirreceipt":"abcdefghij012345-7-3"}';

function cut(changes: Partial<Batch>): string[] {
  const lines = new Lines(1);
  const batch = { ...exampleBatch({ missing: 0, ...changes }), arrivedAtMs: exampleMs };
  new LineCutter(exampleHeader).cut(batch, 3, 10, lines);
  const text = lines.view.toString('utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text.slice(0, -1).split('\n');
}

/** The line of an event that lacks nothing: its own text, opened at the end. */
function lineOf(compact: string): string {
  return `${compact.slice(0, -1)},${tail}`;
}

const events = fc.array(eventTokens, { minLength: 1, maxLength: 5 });

test('a line is the sender’s own text without blanks, and weir’s attributes', () => {
  fc.assert(
    fc.property(eventTokens, gapLists, (tokens, gaps) => {
      const { sent, compact } = format(tokens, gaps);
      const [line] = cut({ shape: 'event', body: Buffer.from(sent) });
      expect(line).toBe(lineOf(compact));
      const read = JSON.parse(line as string) as object;
      const expected = JSON.parse(sent) as object;
      Object.assign(expected, { weirtenant: 'acme', weirreceipt: 'abcdefghij012345-7-3' });
      expect(read).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});

test('an array gives a line for each element that was not rejected', () => {
  fc.assert(
    fc.property(events, fc.array(jsonValues), gapLists, fc.nat(), (taken, refused, gaps, mix) => {
      const elements = mingle(taken, refused, mix);
      const tokens = elements.flatMap(({ tokens: own }, i) => [...(i > 0 ? [','] : []), ...own]);
      const { sent } = format(['[', ...tokens, ']'], gaps);
      const lines = cut({
        shape: 'array',
        body: Buffer.from(sent),
        accepted: taken.length,
        rejected: rejectedOf(elements),
      });
      expect(lines).toEqual(taken.map((own) => lineOf(own.join(''))));
    }),
  );
});

test('the last member named events holds them, whatever stands around it', () => {
  const others = fc.array(
    fc.tuple(fc.constantFrom('"events"', '"\\u0065vents"', '"event"', '"x"'), jsonValues),
    { maxLength: 3 },
  );
  const after = fc.array(fc.tuple(fc.constantFrom('"Events"', '"a"'), jsonValues), {
    maxLength: 2,
  });
  const name = fc.constantFrom('"events"', '"\\u0065vents"', '"event\\u0073"');
  fc.assert(
    fc.property(others, name, events, after, (before, own, taken, behind) => {
      const decoys = before.map(([key, { sent }]) =>
        key === '"x"' || key === '"event"' ? `${key}:${sent}` : `${key}:[{"type":"decoy"}]`,
      );
      const array = `[${taken.map((tokens) => tokens.join(' ')).join(' ,')}]`;
      const rest = behind.map(([key, { sent }]) => `${key} :${sent}`);
      const body = `{ ${[...decoys, `${own} : ${array}`, ...rest].join(' , ')} }`;
      const lines = cut({ shape: 'wrapper', body: Buffer.from(body), accepted: taken.length });
      expect(lines).toEqual(taken.map((tokens) => lineOf(tokens.join(''))));
    }),
  );
});

test('of lines, blank ones are no events and rejected ones may be anything', () => {
  const junk = fc.constantFrom('{', '"', 'nonsense', '[1,', '{"a":"', '}{', '\\');
  const blank = fc.constantFrom('', ' ', '\t', '\r', ' \r');
  const end = fc.constantFrom('\n', '\r\n', '\n\n', '\r\n \r\n');
  const frames = fc.record({ mix: fc.nat(), blank, end });
  fc.assert(
    fc.property(events, fc.array(junk), frames, (taken, bad, frame) => {
      const refused = bad.map((text) => ({ sent: text }));
      const elements = mingle(taken, refused, frame.mix);
      const text = elements.map(({ tokens }) => tokens.join(' ').replace(/[\r\n]/g, ' '));
      const around = `${frame.blank}${frame.end}`;
      const body = Buffer.from(`\ufeff${around}${text.join(frame.end)}${around}`);
      const lines = cut({
        shape: 'ndjson',
        body,
        accepted: taken.length,
        rejected: rejectedOf(elements),
      });
      expect(lines).toEqual(taken.map((tokens) => lineOf(tokens.join(''))));
    }),
  );
});

interface Element {
  readonly tokens: readonly string[];
  readonly taken: boolean;
}

/** Both lists in one, each in its own order. */
function mingle(
  taken: readonly string[][],
  refused: readonly { readonly sent: string }[],
  mix: number,
): Element[] {
  const elements: Element[] = taken.map((tokens) => ({ tokens, taken: true }));
  for (const [i, { sent }] of refused.entries()) {
    elements.splice((mix + i * 3) % (elements.length + 1), 0, { tokens: [sent], taken: false });
  }
  return elements;
}

function rejectedOf(elements: readonly Element[]): Batch['rejected'] {
  return elements.flatMap(({ taken }, index) =>
    taken ? [] : [{ index, code: 'malformed' as const, detail: '' }],
  );
}
