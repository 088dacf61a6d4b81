import { expect, test } from 'vitest';
import { parseScenario, ScenarioError } from './scenario.ts';

const sound = {
  kind: 'quota',
  id: 'mine',
  durationMs: 60_000,
  server: { quota: { tokens: 5, periodMs: 4_000, burst: 10 }, initialTokens: 0 },
  clients: [{ processes: 3 }],
};

function problemsOf(given: unknown): readonly string[] {
  try {
    parseScenario(given, 'mine.json');
    return [];
  } catch (error) {
    if (error instanceof ScenarioError) return error.problems;
    throw error;
  }
}

test('fills in what may be left out', () => {
  expect(parseScenario(sound)).toMatchObject({
    server: { tells: 'hints', changes: [] },
    network: { roundTripMs: [15, 45] },
    clients: [{ processes: 3, each: 1, startMs: [0, 0], gapMs: 0 }],
  });
});

test('names the file, the field and what was expected, all at once', () => {
  const problems = problemsOf({ ...sound, durationMs: -1, clients: [{ processes: 0, colour: 1 }] });

  expect(problems).toHaveLength(3);
  expect(problems[0]).toMatch(/^mine\.json: durationMs: .*>0/);
  expect(problems[1]).toMatch(/^mine\.json: clients\.0\.processes: .*1/);
  expect(problems[2]).toMatch(/^mine\.json: clients\.0: .*"colour"/);
});

test('refuses what no run could do', () => {
  const { quota } = sound.server;
  const server = {
    quota,
    initialTokens: 11,
    changes: [
      { atMs: 20_000, quota },
      { atMs: 10_000, quota: { ...quota, burst: 1e9, periodMs: 1e12 } },
    ],
  };
  const clients = [{ processes: 1, startMs: [0, 70_000], stopMs: 50_000 }, { processes: 300_000 }];
  const text = problemsOf({ ...sound, server, clients }).join('\n');

  expect(text).toMatch(/initialTokens: expected at most the burst, 10/);
  expect(text).toMatch(/changes\.1\.quota: .*too large to be counted exactly/);
  expect(text).toMatch(/changes\.1\.atMs: expected more than 20000/);
  expect(text).toMatch(/clients\.0\.stopMs: expected more than startMs/);
  expect(text).toMatch(/clients\.0\.startMs: expected below durationMs/);
  expect(text).toMatch(/clients: expected at most 200000 in all/);
});

test('refuses a run so long, of so many, that its instants could not be told apart', () => {
  const endless = { ...sound, durationMs: 1e12, clients: [{ processes: 100_000 }] };

  expect(problemsOf(endless).join()).toMatch(/durationMs: expected at most \d+ ms/);
});
