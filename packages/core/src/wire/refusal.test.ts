import { expect, test } from 'vitest';
import { type RefusalCode, reactions, reactionToStatus, refusals } from './refusal.ts';

const codes = Object.keys(refusals) as RefusalCode[];

test.each(codes)('a request refused with %s is sent again exactly where it may pass', (code) => {
  expect(reactions[code].next === 'again').toBe(refusals[code].retryable);
});

test.each(codes)('%s never leads to another server where the quota is shared', (code) => {
  if (refusals[code].status < 500) expect(reactions[code].failover).toBe('never');
});

test('a status alone is taken as the mildest code that it could mean', () => {
  expect(reactionToStatus(429)).toBe(reactions.rate_limited);
  expect(reactionToStatus(503)).toBe(reactions.over_capacity);
  expect(reactionToStatus(502)).toBe(reactions.internal);
  expect(reactionToStatus(418).next).toBe('never');
});
