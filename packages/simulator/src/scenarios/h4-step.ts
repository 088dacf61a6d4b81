import { parseScenario, type QuotaScenario } from '../scenario.ts';

/** The rate grows fourfold after half an hour and falls to an eighth after an hour. */
export const h4 = parseScenario({
  kind: 'quota',
  id: 'H4',
  sentence: 'step: as H1; the rate is ×4 from 1,800 s on and ÷8 from 3,600 s on',
  durationMs: 5_400_000,
  server: {
    quota: { tokens: 5, periodMs: 4_000, burst: 4_500 },
    initialTokens: 0,
    changes: [
      { atMs: 1_800_000, quota: { tokens: 5, periodMs: 1_000, burst: 4_500 } },
      { atMs: 3_600_000, quota: { tokens: 5, periodMs: 8_000, burst: 4_500 } },
    ],
  },
  clients: [{ processes: 10 }],
}) as QuotaScenario;
