import { expect, test } from 'vitest';
import { paceDefaults } from './pace-options.ts';
import { RatePace } from './rate-pace.ts';

const tokenMs = 800;
const make = () => new RatePace(tokenMs, { ...paceDefaults, jitter: 0 }, () => 0.5);

test('goes freely until it is refused, then as one of a few who share', () => {
  const pace = make();
  pace.sent(0);
  pace.admitted();
  expect(pace.readyAtMs(0)).toBe(0);
  expect(pace.perSecond).toBeUndefined();

  pace.refused(10, 0, 20);
  expect(pace.perSecond).toBeCloseTo(1_000 / (paceDefaults.typicalPeers * tokenMs), 6);
  expect(pace.readyAtMs(20)).toBeGreaterThan(20 + 0.5 * paceDefaults.typicalPeers * tokenMs);
});

test('Retry-After is a floor, and what was sent before a refusal teaches nothing more', () => {
  const pace = make();
  pace.refused(0, 60_000, 10);
  expect(pace.readyAtMs(10)).toBe(60_010);

  const { perSecond } = pace;
  pace.refused(5, 0, 12);
  expect(pace.perSecond).toBe(perSecond);
});

test('who is alone comes near the whole rate, and never above it', () => {
  const pace = make();
  pace.refused(0, 0, 10);
  for (let i = 0; i < 2_000; i += 1) pace.admitted();
  expect(pace.perSecond).toBeCloseTo(1_000 / tokenMs, 6);
});
