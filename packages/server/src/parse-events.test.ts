import { missing, type RejectedEvent } from '@weir/core/wire/event';
import { isRefusal, type Refusal } from '@weir/core/wire/refusal';
import { describe, expect, test } from 'vitest';
import { padding } from './parse/event-texts.model.ts';
import { all, json, limits, ndjson, parse, taken } from './parse/parsing.model.ts';
import { parseEvents } from './parse-events.ts';

describe('the shapes of a body', () => {
  test('an event alone', () => {
    expect(json('{"type":"a","data":{"n":1}}')).toEqual(taken('event', 1, all));
  });

  test('an array of events', () => {
    expect(json(' [ {"type":"a"} ,\n{"type":"b"} ] ')).toEqual(taken('array', 2, all));
  });

  test('events in a wrapper', () => {
    expect(json(' { "events" : [ {"type":"a"} ] } ')).toEqual(taken('wrapper', 1, all));
  });

  test('an event a line', () => {
    expect(ndjson('{"type":"a"}\n{"type":"b"}\n')).toEqual(taken('ndjson', 2, all));
    expect(ndjson('{"type":"a"}')).toEqual(taken('ndjson', 1, all));
  });

  test('lines may end in CRLF, and blank lines are no events', () => {
    const body = '\r\n{"type":"a"}\r\n \t\r\n\n{"no":"type"}\r\n{"type":"c"}\r\n\r\n';
    expect(ndjson(body)).toMatchObject({ accepted: 2, rejected: [{ index: 1 }] });
  });

  test('a CloudEvent alone, and a batch of them', () => {
    const event = '{"specversion":"1.0","id":"1","source":"/s","type":"a"}';
    expect(parse(event, 'cloudevent')).toEqual(taken('event', 1, missing.time));
    expect(parse(`[${event}]`, 'cloudevents')).toEqual(taken('array', 1, missing.time));
  });

  test('and neither is taken for the other', () => {
    expect(parse('[{"type":"a"}]', 'cloudevent')).toMatchObject({
      refused: 'invalid_events',
      detail: 'events[0]: expected a JSON object',
    });
    expect(parse('{"events":[{"type":"a"}]}', 'cloudevent')).toHaveProperty('refused');
    for (const body of ['{"type":"a"}', '{"events":[{"type":"a"}]}', '1']) {
      expect(parse(body, 'cloudevents')).toEqual({
        refused: 'malformed',
        detail: 'body: expected an array of events',
      });
    }
  });

  test('a byte order mark in front changes nothing', () => {
    expect(json('\ufeff{"type":"a"}')).toEqual(taken('event', 1, all));
    expect(json('\ufeff[{"type":"a"}]')).toEqual(taken('array', 1, all));
    expect(json('\ufeff{"events":[{"type":"a"}]}')).toEqual(taken('wrapper', 1, all));
    expect(ndjson('\ufeff{"type":"a"}\n')).toEqual(taken('ndjson', 1, all));
    expect(ndjson('\ufeff\n')).toMatchObject({ detail: 'body: expected at least one event' });
  });
});

describe('a wrapper holds events and nothing else', () => {
  test.each([
    ['another member, which would be lost', '{"events":[{"type":"a"}],"sent":1}'],
    ['a second array, which would hide the first', '{"events":[{"type":"a"}],"events":[]}'],
    ['the same, spelled otherwise', '{"events":[{"type":"a"}],"\\u0065vents":[{"type":"b"}]}'],
    ['only an odd spelling', '{"\\u0065vents":[{"type":"a"}]}'],
    ['the same array twice', '{"events":[1],"events":[{"type":"a","x":"\\u0041"}]}'],
  ])('%s', (_, body) => {
    expect(json(body)).toMatchObject({
      refused: 'malformed',
      detail: expect.stringContaining('nothing else in it'),
    });
  });

  test('whatever its events say', () => {
    const events = '[{"type":"\\u0061","data":{"events":[{"events":"]}"}]}}]';
    expect(json(`{"events":${events}}`)).toEqual(taken('wrapper', 1, all));
  });

  test('with a type it is an event, whose attribute "events" has no right to be an array', () => {
    expect(json('{"type":"a","events":[]}')).toMatchObject({
      refused: 'invalid_events',
      detail: expect.stringMatching(/^events\[0\]\.events: expected a string, a boolean or/),
    });
  });
});

describe('a body without events', () => {
  test.each(['', ' \r\n\t', '[]', ' [ ] ', '{"events":[]}', '\ufeff'])('%j', (body) => {
    const refusal = { refused: 'malformed', detail: 'body: expected at least one event' };
    expect(json(body)).toEqual(refusal);
    expect(json(body + padding)).toEqual(refusal);
  });

  test.each(['', '\n', ' \r\n\t\r\n'])('%j in lines', (body) => {
    expect(ndjson(body)).toEqual({
      refused: 'malformed',
      detail: 'body: expected at least one event',
    });
  });
});

describe('nesting', () => {
  const nested = (levels: number) =>
    `{"type":"a","data":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;

  test('of 100 levels passes, the event being the first; 101 are too deep', () => {
    expect(json(nested(100))).toMatchObject({ accepted: 1 });
    expect(json(nested(101))).toMatchObject({
      refused: 'invalid_events',
      detail: 'events[0]: nested deeper than 100 levels',
    });
    const objects = `{"type":"a","data":${'{"a":'.repeat(100)}1${'}'.repeat(100)}}`;
    expect(json(objects)).toMatchObject({ members: { rejected: [{ code: 'too_deep' }] } });
  });

  test('is counted from the event, not from the array around it', () => {
    expect(json(`{"events":[${nested(100)},${nested(101)}]}`)).toMatchObject({
      accepted: 1,
      rejected: [{ index: 1, code: 'too_deep' }],
    });
  });

  test('is seen even where a repeated name hides it from JSON.parse', () => {
    const levels = '['.repeat(100) + ']'.repeat(100);
    for (const hidden of [
      `{"type":"a","data":${levels},"data":1}`,
      `{"type":"a","data":{"x":${levels},"x":"]"}}`,
      `{"x":${levels},"type":"a","x":1}`,
    ]) {
      expect(json(hidden)).toMatchObject({ members: { rejected: [{ code: 'too_deep' }] } });
      const rejected = [{ index: 1, code: 'too_deep' }];
      expect(json(`[{"type":"a"},${hidden}]`)).toMatchObject({ accepted: 1, rejected });
      expect(ndjson(`{"type":"a"}\n${hidden}`)).toMatchObject({ accepted: 1, rejected });
    }
  });

  test('in a string is none', () => {
    expect(json(`{"type":"a","data":"${'['.repeat(200)}\\"${'{'.repeat(200)}"}`)).toMatchObject({
      accepted: 1,
    });
  });

  test('of 100,000 levels harms nobody', () => {
    const deep = nested(100_000);
    expect(json(deep)).toMatchObject({ detail: 'events[0]: nested deeper than 100 levels' });
    expect(ndjson(`${deep}\n{"type":"a"}`)).toMatchObject({
      accepted: 1,
      rejected: [{ index: 0, code: 'too_deep' }],
    });
    expect(json('['.repeat(100_000))).toMatchObject({
      refused: 'malformed',
      detail: 'body: line 1, column 100001: expected a value or "]"',
    });
  });

  test('of 16 million levels neither', () => {
    const open = '['.repeat(16 << 20);
    expect(json(open)).toMatchObject({ refused: 'malformed' });
    expect(json(`${open}${']'.repeat(16 << 20)}`)).toMatchObject({ refused: 'too_large' });
  });
});

describe('one bad event of a hundred', () => {
  const good = '{"type":"a"}';
  const ninetyNine = new Array(99).fill(good);

  test('is reported, and ninety-nine go on', () => {
    const events = ninetyNine.toSpliced(3, 0, '{"type":1}');
    const detail = 'events[3].type: expected a non-empty string';
    const rejected = [{ index: 3, code: 'invalid_attribute', detail }];
    expect(json(`[${events}]`)).toEqual({ ...taken('array', 99, all), rejected });
    expect(json(`{"events":[${events}]}`)).toEqual({ ...taken('wrapper', 99, all), rejected });
    expect(ndjson(events.join('\n'))).toEqual({ ...taken('ndjson', 99, all), rejected });
  });

  test('in lines it need not even be JSON', () => {
    const events = ninetyNine.toSpliced(3, 0, '{"type":"sécret","x":oops}');
    const detail = 'events[3]: column 22: expected a value';
    const rejected = [{ index: 3, code: 'malformed', detail }];
    expect(ndjson(events.join('\r\n'))).toEqual({ ...taken('ndjson', 99, all), rejected });
  });

  test('in an array that is the end of it', () => {
    const events = ninetyNine.toSpliced(3, 0, '{"type":"secret",\n "sécret":oops}');
    const refusal = {
      refused: 'malformed',
      detail: 'body: line 2, column 11: expected a value',
    };
    expect(json(`[${events}]`)).toEqual(refusal);
    expect(json(`[${events}]${padding}`)).toEqual(refusal);
  });
});

test.each(['array', 'ndjson'])(
  'every event invalid is a refusal that lists 100 of them: %s',
  (form) => {
    const events = new Array(250).fill('{"type":""}');
    const refusal = (form === 'array' ? json(`[${events}]`) : ndjson(events.join('\n'))) as Refusal;
    expect(refusal).toMatchObject({
      refused: 'invalid_events',
      detail: 'events[0].type: expected a non-empty string',
      members: { rejectedCount: 250 },
    });
    expect(rejectedBy(refusal).map(({ index }) => index)).toEqual([...new Array(100).keys()]);
  },
);

test('of thousands of bad events all are named, and a thousand explained', () => {
  const events = ['{"type":"a"}', ...new Array(5_000).fill('{oops}')].join('\n');
  const parsed = ndjson(events);
  if (isRefusal(parsed)) throw new Error(parsed.detail);
  expect(parsed.rejected.map(({ index }) => index)).toEqual([...new Array(5_001).keys()].slice(1));
  expect(parsed.rejected[999]?.detail).toMatch(/^events\[1000\]: column 2: expected /);
  expect(parsed.rejected[1_000]?.detail).toBe('events[1001]');
  expect(JSON.stringify(parsed.rejected).length).toBeLessThan(500_000);
});

test('what events lack is one number where they are alike, and else a byte each', () => {
  const one = '{"type":"a"}';
  const two = '{"type":"a","id":"x","time":"2026-01-31T12:00:00Z"}';
  const bad = '{"type":""}';
  const lacks = missing.specversion | missing.source;
  expect(json(`[${one},${bad},${one}]`)).toMatchObject({ missing: all });
  expect(json(`[${bad},${two}]`)).toMatchObject({ missing: lacks });
  const mixed = json(`[${one},${bad},${one},${two},${bad},${one}]`);
  expect(mixed).toMatchObject({ accepted: 4, missing: Uint8Array.of(all, all, lacks, all) });
});

test.each([0, 1, 1_000, 400_000])(
  'bytes that are no UTF-8 are refused with their place: %i',
  (at) => {
    const before = Buffer.alloc(at, 'é'.repeat(50));
    const body = Buffer.concat([before, Buffer.of(0xe2, 0x28, 0xa1), before]);
    const split = at % 2; // an odd cut leaves half an é
    for (const refusal of [json(body), ndjson(body)]) {
      expect(refusal).toEqual({
        refused: 'invalid_utf8',
        detail: `body: byte ${at - split}: expected UTF-8`,
      });
    }
  },
);

test('a body may be any view of bytes', () => {
  const bytes = new TextEncoder().encode('xx{"type":"a"}xx').subarray(2, -2);
  expect(parseEvents(bytes, { form: 'json' }, limits)).toEqual(taken('event', 1, all));
});

function rejectedBy({ members }: Refusal): readonly RejectedEvent[] {
  return (members as { rejected: readonly RejectedEvent[] }).rejected;
}
