import { parseScenario, type QuotaScenario } from '../scenario.ts';

const halfAnHourMs = 1_800_000;

/** Ten senders that always have something to send share 1.25 requests a second; the burst is spent. */
export const h1 = parseScenario({
  kind: 'quota',
  id: 'H1',
  sentence: 'heroku-gcra: ten senders on 1.25/s, nothing left at the start, half an hour',
  durationMs: halfAnHourMs,
  server: { quota: { tokens: 5, periodMs: 4_000, burst: 4_500 }, initialTokens: 0 },
  clients: [{ processes: 10 }],
}) as QuotaScenario;
