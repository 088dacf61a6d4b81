import { type OccScenario, parseScenario } from '../scenario.ts';

/** The simulator of the AWS Architecture Blog: optimistic concurrency on one row. */
export const h9 = parseScenario({
  kind: 'occ',
  id: 'H9',
  sentence: 'aws-occ: N clients each need one optimistic write to one row',
  clients: Array.from({ length: 19 }, (_, i) => 10 * (i + 1)),
  runs: 100,
  hopMs: { mean: 10, deviation: 2 },
  baseMs: 5,
  capMs: 2_000,
}) as OccScenario;
