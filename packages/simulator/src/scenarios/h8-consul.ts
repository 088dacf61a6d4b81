import { parseScenario, type QuotaScenario } from '../scenario.ts';

/** Ten thousand agents restart, and each needs one success: the ideal takes 200 s. */
export const h8 = parseScenario({
  kind: 'quota',
  id: 'H8',
  sentence: 'consul: 10,000 senders need one success each on 50/s with a burst of 5',
  durationMs: 3_600_000,
  server: { quota: { tokens: 50, periodMs: 1_000, burst: 5 }, initialTokens: 5 },
  clients: [{ processes: 10_000, startMs: [0, 20_000], requests: 1 }],
}) as QuotaScenario;
