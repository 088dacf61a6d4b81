import { expect, test } from 'vitest';
import { problemOf, problemText } from './problem.ts';
import { type Refusal, type RefusalCode, refusals } from './refusal.ts';

test('a limited request gets the registered type and the exact wait', () => {
  const members = { quota: 'bytes', exact: false };

  expect(
    problemOf({ refused: 'rate_limited', detail: 'bytes spent', retryAfterMs: 2_463.2, members }),
  ).toEqual({
    type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
    title: 'Quota exceeded',
    status: 429,
    code: 'rate_limited',
    detail: 'bytes spent',
    quota: 'bytes',
    exact: false,
    'retry-after-ms': 2_464,
  });
});

test.each(['over_capacity', 'draining', 'disk_trouble'] as const)(
  '%s is the server’s reduced capacity',
  (refused) => {
    const { type, status } = problemOf({ refused, detail: 'no', retryAfterMs: 1_000 });

    expect(status).toBe(503);
    expect(type).toBe('https://iana.org/assignments/http-problem-types#temporary-reduced-capacity');
  },
);

test('every other code has a page of its own', () => {
  expect(problemOf({ refused: 'too_large', detail: '9 MB' })).toEqual({
    type: '/problems/too_large',
    title: 'The body is too large',
    status: 413,
    code: 'too_large',
    detail: '9 MB',
  });
});

test.each(Object.keys(refusals) as RefusalCode[])('%s keeps what its table says', (refused) => {
  const liar = { type: 'x', title: 'x', status: 200, code: 'x', detail: 'x' };

  expect(problemOf({ refused, detail: 'so', members: liar })).toMatchObject({
    title: refusals[refused].title,
    status: refusals[refused].status,
    code: refused,
    detail: 'so',
  });
});

test('a wait that never ends is not told', () => {
  const problem = problemOf({ refused: 'rate_limited', detail: 'no', retryAfterMs: Infinity });

  expect(problem).not.toHaveProperty('retry-after-ms');
});

test.each<Refusal>([
  {
    refused: 'rate_limited',
    detail: '"req"\n: 1',
    retryAfterMs: 2_463.2,
    members: { exact: false },
  },
  { refused: 'rate_limited', detail: 'no', retryAfterMs: Infinity },
  { refused: 'too_large', detail: '9 MB', members: { type: 'x', status: 1, detail: 'x' } },
  { refused: 'draining', detail: '', members: {} },
])('the text of a problem says what the problem says (%#)', (refusal) => {
  expect(JSON.parse(problemText(refusal))).toEqual(problemOf(refusal));
});
