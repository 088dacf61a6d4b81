import { parseScenario, type QuotaScenario } from '../scenario.ts';

/** Forty more senders come after half an hour and leave after an hour. */
export const h5 = parseScenario({
  kind: 'quota',
  id: 'H5',
  sentence: 'churn: ten senders on 5/s; forty more from 1,800 s to 3,600 s',
  durationMs: 5_400_000,
  server: { quota: { tokens: 5, periodMs: 1_000, burst: 4_500 }, initialTokens: 0 },
  clients: [
    { processes: 10 },
    { processes: 40, startMs: [1_800_000, 1_800_000], stopMs: 3_600_000 },
  ],
}) as QuotaScenario;
