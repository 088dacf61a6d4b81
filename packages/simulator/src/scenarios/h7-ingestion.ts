import { type IngestionScenario, parseScenario } from '../scenario.ts';

/** Two hundred tenants, a surge, a slow store: the whole server. */
export const h7 = parseScenario({
  kind: 'ingestion',
  id: 'H7',
  sentence:
    'ingestion: 200 keys at 40/s each, ×3 for a minute; the store is ten times slower for a minute',
  durationMs: 1_200_000,
  keys: 200,
  server: { quota: { tokens: 50, periodMs: 1_000, burst: 100 } },
  arrivals: { perSecond: 40, surge: { fromMs: 300_000, toMs: 360_000, factor: 3 } },
  backlog: 10_000,
  queue: 10_000,
  workers: 8,
  batch: { events: 500, ageMs: 1_000 },
  put: { medianMs: 40, p99Ms: 400, slow: { fromMs: 600_000, toMs: 660_000, factor: 10 } },
}) as IngestionScenario;

/** The same where the network and the store fail, so that requests come again. */
export const h7Faults: IngestionScenario = parseScenario({
  ...h7,
  id: 'H7-faults',
  sentence: `${h7.sentence}; of replies 2 % are lost from 400 s to 460 s, and 5 % of PUTs fail`,
  network: { ...h7.network, lostReplies: { fromMs: 400_000, toMs: 460_000, share: 0.02 } },
  put: { ...h7.put, failureRate: 0.05 },
}) as IngestionScenario;
