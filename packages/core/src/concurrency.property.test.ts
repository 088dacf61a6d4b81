import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type ConcurrencyBounds,
  type ConcurrencyState,
  learnConcurrency,
  placesIn,
  startConcurrency,
} from './concurrency.ts';

const upTo40 = fc.integer({ min: 1, max: 40 });
const allBounds = fc
  .record({ first: upTo40, least: upTo40, most: upTo40 })
  .map(({ first, least, most }) => ({ first, least: Math.min(least, most), most }));
const said = fc.constantFrom('ok' as const, 'congested' as const, 'late' as const);
const steps = fc.array(
  fc.record({
    said,
    gapMs: fc.nat(50),
    tookMs: fc.nat(500),
    underWay: fc.integer({ min: 1, max: 40 }),
  }),
  { maxLength: 200 },
);

/** Every state that these replies lead through, with the reply that led there. */
function* history(
  bounds: ConcurrencyBounds,
  all: readonly {
    said: 'ok' | 'congested' | 'late';
    gapMs: number;
    tookMs: number;
    underWay: number;
  }[],
) {
  let nowMs = 1_000;
  let state = startConcurrency(bounds, nowMs);
  for (const { gapMs, ...reply } of all) {
    nowMs += gapMs;
    const before = state;
    const sentMs = nowMs - reply.tookMs;
    state = learnConcurrency(state, { ...reply, sentMs }, bounds, nowMs);
    yield { before, state, reply, sentMs, nowMs };
  }
}

test('the limit never leaves its bounds, so that one request is always allowed', () => {
  fc.assert(
    fc.property(allBounds, steps, (bounds, all) => {
      for (const { state } of history(bounds, all)) {
        expect(state.limit).toBeGreaterThanOrEqual(bounds.least);
        expect(state.limit).toBeLessThanOrEqual(bounds.most);
        expect(placesIn(state)).toBeGreaterThanOrEqual(1);
      }
    }),
  );
});

test('no round trip takes more than half of the limit, or adds more than one place', () => {
  fc.assert(
    fc.property(allBounds, steps, (bounds, all) => {
      for (const { before, state } of history(bounds, all)) {
        expect(state.limit).toBeGreaterThanOrEqual(before.limit / 2);
        expect(state.limit).toBeLessThanOrEqual(before.limit + 1);
      }
    }),
  );
});

test('the limit changes at most once per round trip: by a reply to what was sent since it did', () => {
  fc.assert(
    fc.property(allBounds, steps, (bounds, all) => {
      let changedMs = -Infinity;
      for (const { before, state, sentMs, nowMs } of history(bounds, all)) {
        if (state.limit === before.limit) continue;
        expect(sentMs).toBeGreaterThanOrEqual(changedMs);
        changedMs = nowMs;
      }
    }),
  );
});

test('a limit that is not used does not grow', () => {
  fc.assert(
    fc.property(allBounds, steps, (bounds, all) => {
      const idle = all.map((step) => ({ ...step, underWay: 0 }));
      for (const { before, state } of history(bounds, idle)) {
        expect(state.limit).toBeLessThanOrEqual(before.limit);
      }
    }),
  );
});

test('served well it reaches the most there is; refused as a whole it comes down to the least', () => {
  fc.assert(
    fc.property(allBounds, (bounds) => {
      const good = { said: 'ok' as const, gapMs: 10, tookMs: 10, underWay: 40 };
      const climb = last(
        history(
          bounds,
          Array.from({ length: 40 }, () => good),
        ),
      );
      expect(climb.limit).toBe(bounds.most);
      const bad = { said: 'congested' as const, gapMs: 10, tookMs: 10, underWay: 40 };
      const fall = last(
        history(
          bounds,
          Array.from({ length: 10 }, () => bad),
        ),
      );
      expect(fall.limit).toBe(bounds.least);
    }),
  );
});

function last(all: Iterable<{ state: ConcurrencyState }>): ConcurrencyState {
  const states = Array.from(all, ({ state }) => state);
  return states.at(-1) as ConcurrencyState;
}
