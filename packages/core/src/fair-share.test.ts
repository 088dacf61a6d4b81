import { expect, test } from 'vitest';
import { FairShare } from './fair-share.ts';

const room = { requests: 900, bytes: 10, maxRequests: 1_000, maxBytes: 1_000 };

test('a tenant has at most so many requests under way, and others have theirs', () => {
  const share = new FairShare(2);
  expect(share.enter('a', 1, 0)).toBe(true);
  expect(share.enter('a', 1, 0)).toBe(true);
  expect(share.enter('a', 1, 0)).toBe(false);
  expect(share.enter('b', 1, 0)).toBe(true);
  share.leave('a');
  expect(share.enter('a', 1, 0)).toBe(true);
});

test('who leaves without having entered is a mistake in the caller', () => {
  expect(() => new FairShare(2).leave('a')).toThrow('a left more often than it entered');
});

test('a tenant alone may have the whole room', () => {
  const share = new FairShare(10);
  share.enter('a', 1, 0);
  expect(share.exceeds(1, { requests: 900, bytes: 10 }, room)).toBe(false);
});

test('up to half full nobody is refused, whatever it holds', () => {
  const share = new FairShare(10);
  for (const tenant of ['a', 'b', 'c', 'd']) share.enter(tenant, 1, 0);
  const half = { ...room, requests: 500 };
  expect(share.exceeds(1, { requests: 500, bytes: 10 }, half)).toBe(false);
  expect(share.exceeds(1, { requests: 500, bytes: 10 }, { ...half, requests: 501 })).toBe(true);
  expect(share.exceeds(1, { requests: 250, bytes: 10 }, { ...half, requests: 501 })).toBe(false);
});

test('bytes count as requests do', () => {
  const share = new FairShare(10);
  for (const tenant of ['a', 'b']) share.enter(tenant, 1, 0);
  const heavy = { requests: 10, bytes: 600, maxRequests: 1_000, maxBytes: 1_000 };
  expect(share.exceeds(1, { requests: 1, bytes: 501 }, heavy)).toBe(true);
  expect(share.exceeds(1, { requests: 9, bytes: 99 }, heavy)).toBe(false);
});

test('weight makes a share larger', () => {
  const share = new FairShare(10);
  share.enter('a', 3, 0);
  share.enter('b', 1, 0);
  expect(share.exceeds(3, { requests: 750, bytes: 0 }, room)).toBe(false);
  expect(share.exceeds(1, { requests: 251, bytes: 0 }, room)).toBe(true);
});

test('a tenant that keeps quiet for a minute has no share any more, and is forgotten', () => {
  const share = new FairShare(10);
  for (let i = 0; i < 100; i += 1) {
    share.enter(`t${i}`, 1, 0);
    share.leave(`t${i}`);
  }
  expect(share.activeWeight).toBe(100);
  for (let i = 0; i < 200; i += 1) share.enter(`u${i}`, 1, 60_000);
  expect(share.activeWeight).toBe(200);
  expect(share.size).toBe(200);
});
