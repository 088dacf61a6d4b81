import { parseScenario, type QuotaScenario } from '../scenario.ts';

/** How quickly a full quota that is not refilled can be spent; the floor is 13.5 s. */
export const h2 = parseScenario({
  kind: 'quota',
  id: 'H2',
  sentence: 'heroku-clear: ten senders spend 4,500 tokens that nothing refills',
  durationMs: 1_800_000,
  server: {
    // The slowest rate that can be counted exactly: a token in 11 days.
    quota: { tokens: 1, periodMs: 1_000_000_000, burst: 4_500 },
    initialTokens: 4_500,
  },
  clients: [{ processes: 10 }],
  stopAtRemaining: 10,
}) as QuotaScenario;
