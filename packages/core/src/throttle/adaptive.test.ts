import { expect, test } from 'vitest';
import type { Limit } from '../wire/rate-headers.ts';
import type { Outcome } from './throttle.ts';
import { throttles } from './throttles.ts';

const cost = { requests: 1, events: 100, bytes: 20_000 };
const requests: Limit = {
  name: 'requests',
  remaining: 9,
  withinMs: 1_000,
  tokens: 10,
  periodMs: 1_000,
  burst: 10,
  unit: 'requests',
};
const ok = { cause: 'ok', retryAfterMs: undefined, nextMs: undefined } as const;
const make = () => throttles.adaptive({ pace: { jitter: 0 } }, () => 0.5);

/** Sends one request at `nowMs` and is told of it 2 ms later. */
function exchange(throttle = make(), nowMs = 0, said: Partial<Outcome> = {}) {
  const sent = throttle.sent(nowMs, cost);
  throttle.learn({ ...ok, limits: [requests], ...said, sent }, nowMs + 2);
  return throttle;
}

test('its first request goes alone, and its reply lets the others go', () => {
  const throttle = make();
  expect(throttle.readyAtMs(0, cost)).toBe(0);

  const sent = throttle.sent(0, cost);
  expect(throttle.readyAtMs(0, cost)).toBe(2_000); // should it never come

  throttle.learn({ ...ok, limits: [requests], sent }, 2);
  expect(throttle.readyAtMs(2, cost)).toBe(2);
});

test('spends what is left at once, then what time earns', () => {
  const throttle = exchange();

  for (let remaining = 8; remaining >= 0; remaining -= 1) {
    expect(throttle.readyAtMs(2, cost)).toBeCloseTo(2, 6);
    exchange(throttle, 2, { limits: [{ ...requests, remaining }] });
  }

  expect(throttle.readyAtMs(4, cost)).toBeGreaterThan(100);
  expect(throttle.readyAtMs(4, cost)).toBeLessThanOrEqual(104);
  expect(throttle.snapshot(4)).toMatchObject({ remaining: 0, waitingFor: 'pace' });
});

test('each reply lets one more be under way', () => {
  const throttle = exchange();
  const sent = [throttle.sent(2, cost), throttle.sent(2, cost)];
  expect(throttle.readyAtMs(2, cost)).toBe(2_002); // should no reply come

  for (const each of sent) throttle.learn({ ...ok, limits: [requests], sent: each }, 4);
  for (let i = 0; i < 4; i += 1) {
    expect(throttle.readyAtMs(4, cost)).toBe(4);
    throttle.sent(4, cost);
  }
  expect(throttle.readyAtMs(4, cost)).toBe(2_004);
});

test('counts a batch in the unit of each quota', () => {
  const events: Limit = {
    ...requests,
    name: 'events',
    unit: undefined,
    remaining: 150,
    burst: 1_000,
  };
  const throttle = exchange(make(), 0, { limits: [{ ...events, tokens: 1_000 }] });

  expect(throttle.readyAtMs(2, cost)).toBe(2);
  throttle.sent(2, cost);

  expect(throttle.readyAtMs(2, cost)).toBeCloseTo(52, 6); // 50 events are left, 100 are needed
});

test('Retry-After is a floor', () => {
  const refused = { cause: 'rate_limited', retryAfterMs: 7_000, limits: [] } as const;
  const throttle = exchange(make(), 0, refused);

  expect(throttle.readyAtMs(2, cost)).toBeGreaterThanOrEqual(7_002);
  expect(throttle.snapshot(2).waitingFor).toBe('retry_after');
});

test('obeys a slot of the server, also over Retry-After, and goes freely when none is given', () => {
  const throttle = exchange(make(), 0, { cause: 'rate_limited', retryAfterMs: 500, nextMs: 800 });
  expect(throttle.readyAtMs(2, cost)).toBe(802);
  expect(throttle.snapshot(2).waitingFor).toBe('slot');

  const sent = throttle.sent(802, cost);
  expect(throttle.readyAtMs(802, cost)).toBe(Infinity); // its reply says when

  throttle.learn({ ...ok, limits: [requests], sent }, 804);
  expect(throttle.readyAtMs(804, cost)).toBe(804);
});

test('alone and refused since it came too early, it is as late from then on, not early again', () => {
  const throttle = exchange(make(), 0, { limits: [{ ...requests, remaining: 0 }] });
  const told = { limits: [{ ...requests, remaining: 0 }], retryAfterMs: 30, nextMs: 30 };
  exchange(throttle, 102, { ...told, cause: 'rate_limited' }); // it thought that a token was there
  exchange(throttle, 134, { limits: [{ ...requests, remaining: 0 }] });

  expect(throttle.readyAtMs(136, cost)).toBeCloseTo(234, 0); // by its own count it would be 202
});

test('what another server refused for want of room costs nothing here', () => {
  const throttle = exchange();
  const sent = throttle.sent(2, cost);
  throttle.learn({ ...ok, cause: 'overloaded', limits: [], sent }, 4);

  expect(throttle.snapshot(4).remaining).toBe(9);
});

test('a server that says nothing but 429 is asked ever more rarely, then at the pace it bears', () => {
  const throttle = make();
  const said = { limits: [], retryAfterMs: undefined, nextMs: undefined } as const;
  let nowMs = 0;
  let left = 5;
  let earnedAtMs = 0;
  let refused = 0;
  for (let i = 0; i < 400; i += 1) {
    nowMs = Math.max(nowMs, throttle.readyAtMs(nowMs, cost));
    const sent = throttle.sent(nowMs, cost);
    left = Math.min(5, left + (nowMs - earnedAtMs) / 100); // a server of 10/s with a burst of 5
    earnedAtMs = nowMs;
    const admitted = left >= 1;
    if (admitted) left -= 1;
    else refused += 1;
    nowMs += 5;
    throttle.learn({ ...said, cause: admitted ? 'ok' : 'rate_limited', sent }, nowMs);
  }

  expect(refused).toBeLessThan(20);
  expect(nowMs).toBeLessThan(50_000); // 400 requests take 39.5 s at best
});
