import { expect, test } from 'vitest';
import { isTuned, parseTuned, type Tuned } from './tuned.ts';

const tuned: Tuned = {
  version: 1,
  command: 'weir-sim tune',
  seeds: { tune: [1, 2], heldOut: [3] },
  goals: [],
  client: {
    throttle: { policy: 'adaptive', options: { pace: { firstWait: [6, 13], backoff: 4 } } },
  },
  server: { settings: { MAX_WORKERS: 4 } },
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

test.each([undefined, 7, [], { version: 1, client: 3, server: {} }])('%j is none', (value) => {
  expect(parseTuned(value)).toHaveProperty('problems');
});
