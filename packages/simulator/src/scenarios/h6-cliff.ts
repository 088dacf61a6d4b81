import { parseScenario, type QuotaScenario } from '../scenario.ts';

/** As H1 with a full burst: how far senders overshoot when it ends. */
export const h6 = parseScenario({
  kind: 'quota',
  id: 'H6',
  sentence: 'cliff: as H1, with all of the burst left at the start',
  durationMs: 1_800_000,
  server: { quota: { tokens: 5, periodMs: 4_000, burst: 4_500 }, initialTokens: 4_500 },
  clients: [{ processes: 10 }],
}) as QuotaScenario;
