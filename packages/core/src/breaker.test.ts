import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type BreakerEvent,
  type BreakerState,
  breakerAfter,
  closedBreaker,
  mayTry,
} from './breaker.ts';

const options = { failures: 3, firstPauseMs: 1_000, longestPauseMs: 30_000 };
const failed = { what: 'failed', isProbe: false } as const;
const probeFailed = { what: 'failed', isProbe: true } as const;
const tried = { what: 'tried' } as const;
const answered = { what: 'answered' } as const;

function run(events: readonly BreakerEvent[], nowMs = 0, lot = 0.5): BreakerState {
  const step = (state: BreakerState, event: BreakerEvent) =>
    breakerAfter(state, event, options, { nowMs, lot });
  return events.reduce(step, closedBreaker);
}

test('opens after some failures in a row, and any answer begins the count anew', () => {
  expect(run([failed, failed])).toEqual({ is: 'closed', failures: 2 });
  expect(run([failed, failed, answered, failed, failed])).toEqual({ is: 'closed', failures: 2 });
  expect(run([failed, failed, failed])).toEqual({ is: 'open', pauses: 1, untilMs: 750 });
});

test('lets one probe through after the pause, and none beside it', () => {
  const open = run([failed, failed, failed]);
  expect(mayTry(open, 749)).toBe(false);
  expect(mayTry(open, 750)).toBe(true);
  const probing = breakerAfter(open, tried, options, { nowMs: 750, lot: 0.5 });
  expect(mayTry(probing, 1e9)).toBe(false);
  const after = (event: BreakerEvent) =>
    breakerAfter(probing, event, options, { nowMs: 800, lot: 0.5 });
  expect(after(answered)).toEqual(closedBreaker);
  expect(after(probeFailed)).toEqual({ is: 'open', pauses: 2, untilMs: 800 + 1_500 });
  expect(after(failed)).toEqual(probing); // a try from before it opened
  expect(after({ what: 'left' })).toEqual({ is: 'open', pauses: 1, untilMs: 800 });
});

test('pauses double up to the longest, and are never shorter than half of it', () => {
  for (const [lot, share] of [
    [0, 0.5],
    [0.999_999, 1],
  ] as const) {
    let state = run([failed, failed, failed], 0, lot);
    const pauses: number[] = [];
    for (let i = 0; i < 8; i += 1) {
      if (state.is !== 'open') throw new Error('expected it to be open');
      pauses.push(state.untilMs);
      state = breakerAfter(state, tried, options, { nowMs: 0, lot });
      state = breakerAfter(state, probeFailed, options, { nowMs: 0, lot });
    }
    const longest = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000];
    for (const [i, pause] of pauses.entries()) {
      expect(pause).toBeCloseTo((longest[i] as number) * share, 0);
    }
  }
});

test('whatever happens: one probe at a time, and an answer always closes', () => {
  const left = { what: 'left' } as const;
  const events = fc.constantFrom<BreakerEvent>(tried, answered, failed, probeFailed, left);
  const lots = fc.double({ min: 0, max: 0.99, noNaN: true });
  const steps = fc.array(fc.tuple(events, fc.nat(2_000), lots), { maxLength: 100 });
  fc.assert(
    fc.property(steps, (all) => {
      let state: BreakerState = closedBreaker;
      let nowMs = 0;
      for (const [event, gapMs, lot] of all) {
        nowMs += gapMs;
        if (event.what === 'tried' && !mayTry(state, nowMs)) continue;
        const before = state;
        state = breakerAfter(state, event, options, { nowMs, lot });
        expectSound(before, event, state, nowMs);
      }
    }),
  );
});

function expectSound(
  before: BreakerState,
  { what }: BreakerEvent,
  state: BreakerState,
  nowMs: number,
): void {
  const isFree = before.is === 'closed';
  if (what === 'tried') expect(state.is).toBe(isFree ? 'closed' : 'probing');
  if (what === 'answered') expect(state).toEqual(closedBreaker);
  expect(mayTry(state, nowMs + 1e9)).toBe(state.is !== 'probing');
  if (state.is === 'open') {
    expect(state.untilMs - nowMs).toBeLessThanOrEqual(options.longestPauseMs);
  }
}
