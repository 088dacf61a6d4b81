import { expect, test } from 'vitest';
import type { Limit } from '../wire/rate-headers.ts';
import { throttles } from './throttles.ts';

const cost = { requests: 1, events: 50, bytes: 9_000 };
const untold = { withinMs: undefined, tokens: undefined, periodMs: undefined, burst: undefined };
const ofHeroku = { tokens: 4_500, periodMs: 3_600_000, burst: 4_500 };

/** Sends one request and tells the throttle at once what was left then. */
function told(remaining: number, quota = ofHeroku, said: Partial<Limit> = {}) {
  const throttle = throttles.adaptive({ quota }, () => 0.5);
  const sent = throttle.sent(0, cost);
  const limit = { name: 'left', remaining, ...untold, unit: undefined, ...said };
  const news = { cause: 'ok', retryAfterMs: undefined, nextMs: undefined } as const;
  throttle.learn({ ...news, sent, limits: [limit] }, 10);
  return throttle.snapshot(10);
}

test('what is left is enough where the rest of the quota is known', () => {
  expect(told(4_499)).toMatchObject({ remaining: 4_499, perSecond: 1.25 });
  expect(told(4_499, { ...ofHeroku, tokens: 9_000 })).toMatchObject({ perSecond: 2.5 });
});

test('where little is left it looks for its share, since no other server says who is alone', () => {
  expect(told(3).readyAtMs).toBeGreaterThan(1_000);
});

test('where nothing is told the known rate paces, until something is', () => {
  const throttle = throttles.adaptive({ quota: ofHeroku }, () => 0.5);
  const news = { retryAfterMs: undefined, nextMs: undefined } as const;
  const first = throttle.sent(0, cost);
  throttle.learn({ ...news, cause: 'rate_limited', sent: first, limits: [] }, 10);
  expect(throttle.readyAtMs(10, cost)).toBeGreaterThan(6 * 800);
  expect(throttle.snapshot(10)).toMatchObject({ waitingFor: 'pace', remaining: undefined });
  expect(throttle.snapshot(10).perSecond).toBeLessThan(1.25);

  const second = throttle.sent(9_000, cost);
  const left = { name: 'left', remaining: 4_000, ...untold, unit: undefined };
  throttle.learn({ ...news, cause: 'ok', sent: second, limits: [left] }, 9_010);
  expect(throttle.readyAtMs(9_010, cost)).toBe(9_010);
  expect(throttle.snapshot(9_010)).toMatchObject({ remaining: 4_000 });
});

test('what a server tells itself goes before', () => {
  const said = { tokens: 10, periodMs: 1_000, burst: 20, unit: 'requests' } as const;
  expect(told(19, ofHeroku, said)).toMatchObject({ remaining: 19, perSecond: 10 });
});

test.each([
  ['tokens', 0],
  ['burst', 1.5],
  ['periodMs', Number.NaN],
])('a quota whose %s is %d is refused', (name, value) => {
  const quota = { ...ofHeroku, [name]: value };
  expect(() => throttles.adaptive({ quota }, () => 0.5)).toThrow(`quota.${name}`);
});
