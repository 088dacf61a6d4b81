import { type DiurnalScenario, parseScenario } from '../scenario.ts';

/** A day of ten million requests with a peak, to be replayed. */
export const h10 = parseScenario({
  kind: 'diurnal',
  id: 'H10',
  sentence: 'replay: ten million requests of 500 keys over a day',
  durationMs: 86_400_000,
  requests: 10_000_000,
  keys: 500,
  peakRatio: 2,
  server: { quota: { tokens: 1, periodMs: 2_000, burst: 100 } },
}) as DiurnalScenario;
