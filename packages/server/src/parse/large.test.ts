import type { Refusal } from '@weir/core/wire/refusal';
import { describe, expect, test } from 'vitest';
import { padding } from './event-texts.model.ts';
import { all, json, limits, ndjson, parse, taken } from './parsing.model.ts';

describe('the number of events', () => {
  const events = (count: number) => new Array(count).fill('{"type":"a"}');
  const few = { ...limits, events: 100 };
  const refusal = {
    refused: 'too_many_events',
    detail: 'body: expected at most 100 events in one request, got 101',
    members: { events: 101, limit: 100 },
  };

  test('is bounded, in every shape and size', () => {
    expect(json(`[${events(100)}]`, few)).toMatchObject({ accepted: 100 });
    for (const space of ['', padding]) {
      expect(json(`[${events(101)}]${space}`, few)).toEqual(refusal);
      expect(json(`{"events":[${events(101)}]}${space}`, few)).toEqual(refusal);
      expect(ndjson(events(101).join('\n') + space, few)).toEqual(refusal);
    }
  });

  test('is bounded before millions of them can fill the memory', () => {
    const count = 8 << 20;
    const body = Buffer.alloc(4 * count, '[],\n');
    const array = Buffer.concat([Buffer.from('['), body, Buffer.from('[]]')]);
    expect(json(array)).toMatchObject({
      refused: 'too_many_events',
      members: { events: count + 1 },
    });
    expect(ndjson(body)).toMatchObject({ refused: 'too_many_events', members: { events: count } });
  });
});

describe('the size of an event', () => {
  const sized = (bytes: number) => `{"type":"é","data":"${'x'.repeat(bytes - 23)}"}`;
  const small = { ...limits, eventBytes: 1_000 };
  const detail = 'expected at most 1000 bytes, got 1001';

  test('is what it has in the text of its sender, without white space around it', () => {
    expect(Buffer.byteLength(sized(1_000))).toBe(1_000);
    for (const event of [sized(1_000), ` \n${sized(1_000)}\t\r\n`]) {
      expect(json(event, small)).toMatchObject({ accepted: 1 });
      expect(json(`[${event}]`, small)).toMatchObject({ accepted: 1 });
      expect(json(`{"events":[${event}]}`, small)).toMatchObject({ accepted: 1 });
      expect(ndjson(event, small)).toMatchObject({ accepted: 1 });
    }
  });

  test('costs the large one its place, not its neighbours', () => {
    const events = ['{"type":"a"}', sized(1_001), '{"type":"b"}'];
    const rejected = [{ index: 1, code: 'event_too_large', detail: `events[1]: ${detail}` }];
    expect(json(`[${events}]`, small)).toEqual({ ...taken('array', 2, all), rejected });
    expect(json(`{"events":[${events}]}`, small)).toEqual({
      ...taken('wrapper', 2, all),
      rejected,
    });
    expect(ndjson(events.join('\n'), small)).toEqual({ ...taken('ndjson', 2, all), rejected });
  });

  test('alone makes the request too large', () => {
    const refusal = { refused: 'too_large', detail: `events[0]: ${detail}` };
    expect(json(sized(1_001), small)).toMatchObject(refusal);
    expect(json(`[${sized(1_001)}]`, small)).toMatchObject(refusal);
    expect(ndjson(sized(1_001), small)).toMatchObject(refusal);
    expect(json(`[${sized(1_001)},{}]`, small)).toMatchObject({ refused: 'invalid_events' });
  });

  test('is no excuse for what is not JSON', () => {
    for (const broken of [
      sized(1_001).replace('é"', 'é'),
      sized(1_001).replace('"data":', '"data";'),
      sized(1_001).replace('"é"', '["é"}]'),
    ]) {
      expect(json(broken, small)).toMatchObject({ refused: 'malformed' });
      expect(json(`[{"type":"a"},${broken}]`, small)).toMatchObject({ refused: 'malformed' });
      expect(parse(broken, 'cloudevents', small)).toMatchObject({ refused: 'malformed' });
    }
  });
});

test('a place is counted from the beginning of the body, in every size', () => {
  for (const [before, place] of [
    ['', 'line 1, column 16'],
    ['\ufeff', 'line 1, column 16'],
    ['\n\n ', 'line 3, column 17'],
  ]) {
    for (const body of ['[{"type":"a"},{]}', '[{"type":"a"},{] ', '[{"type":"a"},{] , 1 ]']) {
      const refusal = { refused: 'malformed', detail: expect.stringContaining(`${place}: `) };
      expect(json(`${before}${body}`)).toMatchObject(refusal);
      expect(json(`${before}${body}${padding}`)).toMatchObject(refusal);
    }
  }
});

test.each([
  '[{"type":"a"},]',
  '[,{"type":"a"}]',
  '[{"type":"a"},,{"type":"b"}]',
  '[{"type":"a"}]]',
  '[{"type":"a"}',
  '[{"type":"a"}}',
  '[{"type":"a"}{"type":"b"}]',
  '{"events":[{"type":"a"}]',
  '{"events":[{"type":"a"},]}',
])('%s is malformed, whether small or large', (body) => {
  const refusal = json(body) as Refusal;
  expect(refusal.refused).toBe('malformed');
  expect(refusal.detail).toMatch(/^body: line 1, column \d+: expected /);
  const large = body.replace('[', `[${padding}`);
  const at = Number(/column (\d+)/.exec(refusal.detail)?.[1]) + padding.length;
  expect(json(large)).toEqual({
    ...refusal,
    detail: refusal.detail.replace(/column \d+/, `column ${at}`),
  });
});
