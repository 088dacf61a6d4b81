import { expect, test } from 'vitest';
import { isTuned, parseTuned, type Tuned } from './tuned.ts';

const tuned: Tuned = {
  version: 1,
  command: 'weir-sim tune',
  seeds: { tune: [1, 2], heldOut: [3] },
  goals: [],
  client: {
    throttle: { policy: 'adaptive', options: { pace: { firstWait: [6, 13], backoff: 4 } } },
    batch: { maxBatchEvents: 200, lingerMs: 80 },
  },
  server: { settings: { MAX_WORKERS: 4 }, plans: { free: { requests: { burst: 120 } } } },
};

test('takes what the simulator writes, as it is', () => {
  expect(parseTuned(JSON.parse(JSON.stringify(tuned)))).toEqual(tuned);
  expect(isTuned(tuned)).toBe(true);
  expect(isTuned({ MAX_WORKERS: 4 })).toBe(false);
});

test('lists every unknown name with its place', () => {
  const wrong = {
    ...tuned,
    colour: 'red',
    client: { throttle: { policy: 'adaptive', options: { pace: { brakes: 1 } } } },
  };

  expect(parseTuned(wrong)).toEqual({
    problems: ['colour: unknown', 'client.throttle.options.pace.brakes: unknown'],
  });
});

test('refuses another version, another policy, and what is no number', () => {
  const wrong = {
    ...tuned,
    version: 2,
    client: { throttle: { policy: 'hope', options: { pace: { backoff: '4' } } } },
    server: { settings: { MAX_WORKERS: null } },
  };

  expect(parseTuned(wrong)).toEqual({
    problems: [
      'version: expected 1, given 2',
      'client.throttle.policy: expected one of adaptive, given hope',
      'client.throttle.options.pace.backoff: expected a number',
      'server.settings.MAX_WORKERS: expected a number',
    ],
  });
});

test('batch and plans may be missing, and hold nothing but numbers under names that are known', () => {
  const { throttle } = tuned.client;
  const little = { ...tuned, client: { throttle }, server: { settings: {} } };
  expect(parseTuned(little)).toEqual(little);

  const wrong = {
    ...tuned,
    client: { throttle, batch: { lingerMs: 'soon', maxBatch: 2 } },
    server: { settings: {}, plans: { free: { requests: { burst: 0, rate: 1 }, events: 5 } } },
  };
  expect(parseTuned(wrong)).toEqual({ problems: ['client.batch.maxBatch: unknown'] });
  const numbers = { ...wrong, client: { throttle, batch: { lingerMs: 'soon' } } };
  expect(parseTuned(numbers)).toEqual({
    problems: [
      'client.batch.lingerMs: expected a number',
      'server.plans.free.requests.rate: unknown',
      'server.plans.free.requests.burst: expected a whole number from 1 up',
      'server.plans.free.events: expected an object',
    ],
  });
});

test.each([undefined, 7, [], { version: 1, client: 3, server: {} }])('%j is none', (value) => {
  expect(parseTuned(value)).toHaveProperty('problems');
});
