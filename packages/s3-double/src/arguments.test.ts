import { expect, test } from 'vitest';
import { readArguments } from './arguments.ts';
import { noFaults } from './faults.ts';

test('without arguments there is one bucket, one known key and no fault', () => {
  expect(readArguments([])).toEqual({
    double: {
      port: 0,
      buckets: ['weir'],
      credentials: [{ accessKeyId: 'test', secretAccessKey: 'test-secret' }],
      region: 'us-east-1',
      seed: 1,
      faults: noFaults(),
    },
    controlPort: 0,
    outage: undefined,
  });
});

test('takes each number and switch of the faults', () => {
  const args = ['--reset-after-commit', '0.2', '--latency-median-ms', '5', '--ignore-conditions'];
  const read = readArguments([
    ...args,
    'true',
    '--outage',
    'hang',
    '--bucket',
    'a',
    '--bucket',
    'b',
  ]);
  expect(read.double.faults).toEqual({
    ...noFaults(),
    resetAfterCommit: 0.2,
    latencyMedianMs: 5,
    ignoreConditions: true,
    outage: 'hang',
  });
  expect(read.double.buckets).toEqual(['a', 'b']);
});

test('an outage with a length begins at its time, not at once', () => {
  const read = readArguments(['--outage', 'hang', '--outage-after-ms', '50', '--outage-ms', '60']);
  expect(read.outage).toEqual({ kind: 'hang', afterMs: 50, forMs: 60 });
  expect(read.double.faults?.outage).toBeUndefined();
});

test.each([
  [['--slow-down', '2'], 'the shares of faults make 2, which is more than 1'],
  [['--slow-down', 'often'], 'slowDown cannot be "often"'],
  [['--outage', 'dark'], 'outage cannot be "dark"'],
  [['--seed', 'x'], '--seed must be a whole number, not x'],
  [['--port=-1'], '--port must be a whole number, not -1'],
  [['--unknown', 'x'], "Unknown option '--unknown'"],
  [['stray'], 'stray'],
])('refuses %j', (args, sentence) => {
  expect(() => readArguments(args)).toThrow(sentence);
});
