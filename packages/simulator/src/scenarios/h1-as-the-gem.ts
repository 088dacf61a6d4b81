import { parseScenario, type QuotaScenario } from '../scenario.ts';

/**
 * H1 as the benchmark of the Heroku gem runs it: two processes of five threads and a throttle for each
 * process. A request takes 30 ms of simulated time in all, as its clear test shows; some 10 ms of them
 * pass in Ruby from a reply to the next request, in which another thread may change what they share.
 */
export const h1AsTheGem = parseScenario({
  kind: 'quota',
  id: 'H1-gem',
  sentence: 'heroku-gcra as the gem runs it: two processes of five threads each',
  durationMs: 1_800_000,
  server: {
    quota: { tokens: 5, periodMs: 4_000, burst: 4_500 },
    initialTokens: 0,
    tells: 'remaining',
  },
  network: { roundTripMs: [10, 30] },
  clients: [{ processes: 2, each: 5, gapMs: 10 }],
}) as QuotaScenario;
