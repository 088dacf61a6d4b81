import { parseList as referenceParse } from 'structured-headers';
import { expect, test } from 'vitest';
import { type Cost, decide, type NamedQuota, type Unit } from '../admission.ts';
import { compileQuota, type QuotaTerms } from '../gcra.ts';
import { decodeRateNews, encodeRateLimit, retryAfterSeconds } from './rate-headers.ts';

const t0 = 1_790_000_000_000_000;
const t0Ms = 784_111_777_000; // Sun, 06 Nov 1994 08:49:37 GMT
const req = quotaOf('req', 'requests', { tokens: 1_000, periodUs: 1_000_000, burst: 2_000 });
const ev = quotaOf('ev', 'events', { tokens: 60, periodUs: 60_000_000, burst: 60 });
const bytes = quotaOf('bytes', 'bytes', {
  tokens: 1_048_576,
  periodUs: 1_000_000,
  burst: 4_194_304,
});

test('an allowed request is told of its tightest quota alone', () => {
  expect(encode([req, ev, bytes], { requests: 1, events: 0, bytes: 10 })).toEqual({
    policy: '"req";q=1000;w=1;qu="requests";weir-burst=2000',
    limit: '"req";r=1999;t=1',
  });
});

test('events are a unit that has no registered name, so none is sent', () => {
  expect(encode([req, ev], { requests: 1, events: 45, bytes: 0 })).toEqual({
    policy: '"ev";q=60;w=60;weir-burst=60',
    limit: '"ev";r=15;t=1',
  });
});

test('a refused request is told of every violated quota and of no other', () => {
  const spent = decide([req, ev, bytes], [], { requests: 5, events: 60, bytes: 4_156_448 }, t0);
  const states = spent.verdicts.map(({ next }) => next);
  const decision = decide([req, ev, bytes], states, { requests: 1, events: 1, bytes: 99_999 }, t0);

  expect(encodeRateLimit([req, ev, bytes], decision)).toEqual({
    policy:
      '"ev";q=60;w=60;weir-burst=60, "bytes";q=1048576;w=1;qu="content-bytes";weir-burst=4194304',
    limit: '"ev";r=0;t=1, "bytes";r=37856;t=1',
  });
});

test('a full quota has no t: nothing will change by waiting', () => {
  expect(encode([req], { requests: 0, events: 1, bytes: 0 })?.limit).toBe('"req";r=2000');
});

test('without a quota there is nothing to tell', () => {
  expect(encode([], { requests: 1, events: 1, bytes: 1 })).toBeUndefined();
});

test.each([
  ['10 per 100 ms', { tokens: 10, periodUs: 100_000 }, 'q=100;w=1'],
  ['2 per 1.5 s', { tokens: 2, periodUs: 1_500_000 }, 'q=4;w=3'],
  ['5 per 2 s, as written', { tokens: 5, periodUs: 2_000_000 }, 'q=5;w=2'],
  ['60 per minute, as written', { tokens: 60, periodUs: 60_000_000 }, 'q=60;w=60'],
  ['1 per 333 ms', { tokens: 1, periodUs: 333_000 }, 'q=1000;w=333'],
  [
    'more than 15 digits',
    { tokens: 9_000_000_000_000_000, periodUs: 1_000_000, burst: 1 },
    'q=999999999999999;w=1',
  ],
  ['a rate that needs more', { tokens: 10_000_000_000, periodUs: 1_000_001 }, 'q=19999980000;w=2'],
])('%s is sent in whole seconds', (_, terms, expected) => {
  const quota = quotaOf('a', 'events', { burst: 10, ...terms });

  expect(encode([quota], { requests: 0, events: 0, bytes: 0 })?.policy).toContain(`;${expected};`);
});

test('a name is quoted as structured fields want it', () => {
  const quota = quotaOf('a "b" \\ c', 'requests', { tokens: 1, periodUs: 1_000_000, burst: 1 });
  const fields = encode([quota], { requests: 1, events: 0, bytes: 0 });

  expect(referenceParse(fields?.limit ?? '')).toEqual([
    [
      'a "b" \\ c',
      new Map([
        ['r', 0],
        ['t', 1],
      ]),
    ],
  ]);
  expect(news({ ratelimit: fields?.limit }).limits[0]?.name).toBe('a "b" \\ c');
});

test('a name that no header can hold is an error, not a broken header', () => {
  const quota = quotaOf('größe', 'requests', { tokens: 1, periodUs: 1_000_000, burst: 1 });

  expect(() => encode([quota], { requests: 1, events: 0, bytes: 0 })).toThrow(/printable ASCII/);
});

test.each([
  [0, 0.99, 1],
  [1, 0.99, 1],
  [1_000, 0, 1],
  [1_000.001, 0, 2],
  [9_000, 0.99, 9],
  [9_001, 0, 10],
  [9_001, 0.99, 10],
  [20_000, 0, 20],
  [20_000, 0.5, 21],
  [600_000, 0.999, 659],
])('a wait of %f ms with lot %f is Retry-After: %i', (waitMs, lot, seconds) => {
  expect(retryAfterSeconds(waitMs, lot)).toBe(seconds);
});

test('what was encoded comes back', () => {
  const fields = encode([req, bytes], { requests: 1, events: 0, bytes: 4_156_448 });

  expect(news({ 'ratelimit-policy': fields?.policy, ratelimit: fields?.limit })).toEqual({
    retryAfterMs: undefined,
    limits: [
      {
        name: 'bytes',
        remaining: 37_856,
        withinMs: 1_000,
        tokens: 1_048_576,
        periodMs: 1_000,
        burst: 4_194_304,
        unit: 'bytes',
      },
    ],
  });
});

test('another server’s fields are read as far as they go', () => {
  const { limits } = news({
    'ratelimit-policy': '"default";q=100;w=60;pk=:cHsdsRa894==:, "burst";q=5;w=1;x-note="a, b"',
    ratelimit: '"default";r=50;t=30;foo',
  });

  expect(limits).toHaveLength(2);
  expect(limits[0]).toMatchObject({
    name: 'default',
    remaining: 50,
    withinMs: 30_000,
    burst: undefined,
    tokens: 100,
  });
  expect(limits[1]).toMatchObject({
    name: 'burst',
    remaining: undefined,
    tokens: 5,
    periodMs: 1_000,
  });
});

test.each([
  ['no field at all', {}],
  ['a malformed list', { ratelimit: '"a";r=5,,' }],
  ['an older draft', { ratelimit: 'limit=10, remaining=5, reset=3' }],
  ['a number for a name', { ratelimit: '5;r=5' }],
])('%s tells of no limit', (_, fields) => {
  expect(news(fields).limits).toEqual([]);
});

test('what is left is read of servers that say it in a field of its own', () => {
  const { limits } = news({ 'ratelimit-remaining': '2399', 'ratelimit-multiplier': '1' });
  expect(limits).toEqual([
    expect.objectContaining({ name: 'ratelimit-remaining', remaining: 2_399, tokens: undefined }),
  ]);
  expect(news({ 'ratelimit-remaining': 'many' }).limits).toEqual([]);

  const both = news({ 'ratelimit-remaining': '7', ratelimit: '"a";r=5' }).limits;
  expect(both.map(({ name }) => name)).toEqual(['a']);
});

test('values of the wrong kind count as missing', () => {
  const { limits } = news({ ratelimit: '"a";r=-1;t=1.5', 'ratelimit-policy': '"a";q="5";w' });

  expect(limits).toEqual([
    {
      name: 'a',
      remaining: undefined,
      withinMs: undefined,
      tokens: undefined,
      periodMs: undefined,
      burst: undefined,
      unit: undefined,
    },
  ]);
});

test.each([
  [{ 'retry-after': '3' }, 3_000],
  [{ 'retry-after': ' 0 ' }, 0],
  [{ 'retry-after': '3', 'retry-after-ms': '2464' }, 2_464],
  [{ 'retry-after': '3', 'retry-after-ms': 'soon' }, 3_000],
  [{ 'retry-after': 'Sun, 06 Nov 1994 08:50:37 GMT' }, 60_000],
  [{ 'retry-after': 'Sun, 06 Nov 1994 08:00:00 GMT' }, 0],
  [{ 'retry-after': 'tomorrow' }, undefined],
  [{ 'retry-after': '-5' }, undefined],
  [{ 'retry-after': '1e3' }, undefined],
  [{ 'retry-after': '9'.repeat(400) }, 999_999_999_999_000],
  [{}, undefined],
])('reads how long to wait from %j', (fields, expected) => {
  expect(news(fields).retryAfterMs).toBe(expected);
});

function quotaOf(name: string, unit: Unit, terms: QuotaTerms): NamedQuota {
  return { name, unit, quota: compileQuota(terms) };
}

function encode(quotas: readonly NamedQuota[], cost: Cost) {
  return encodeRateLimit(quotas, decide(quotas, [], cost, t0));
}

function news(fields: Readonly<Record<string, string | undefined>>) {
  return decodeRateNews((name) => fields[name], t0Ms);
}
