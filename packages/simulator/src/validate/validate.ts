import { type Spread, spreadOf } from '../compare/comparison.ts';
import { evaluateQuota } from '../compare/evaluate.ts';
import { weir } from '../ours.ts';
import { parseScenario, type QuotaScenario } from '../scenario.ts';
import type { LiveMeasures, LiveQuota } from './live.ts';

/** One measure, as it was and as it was simulated. */
export interface ValidatedRow {
  readonly measure: keyof LiveMeasures;
  readonly live: number;
  readonly simulated: Spread;
  /** Live minus the simulated median. */
  readonly difference: number;
}

export interface Setting {
  readonly quota: LiveQuota;
  readonly senders: number;
  readonly durationMs: number;
  readonly roundTripMs: readonly [number, number];
}

const seeds = 50;
const startSpreadMs = 20;

/** Exactly what was run, as a scenario: the quota with what was left, the senders, the round trips. */
export function scenarioOf({ quota, senders, durationMs, roundTripMs }: Setting): QuotaScenario {
  const { tokens, periodMs, burst, remaining = burst } = quota;
  return parseScenario({
    kind: 'quota',
    id: 'live',
    durationMs,
    server: { quota: { tokens, periodMs, burst }, initialTokens: Math.min(remaining, burst) },
    network: { roundTripMs: [...roundTripMs] },
    clients: [{ processes: senders, startMs: [0, startSpreadMs] }],
  }) as QuotaScenario;
}

/** The quota that lets the fewest such requests through: one event each, and hardly any bytes. */
export function tightestOf(quotas: readonly LiveQuota[]): LiveQuota | undefined {
  const rate = ({ tokens, periodMs }: LiveQuota) => tokens / periodMs;
  return quotas.filter(({ unit }) => unit !== 'bytes').sort((a, b) => rate(a) - rate(b))[0];
}

/** Simulates a setting on fifty seeds and puts what was measured beside it. */
export function validated(setting: Setting, live: LiveMeasures): readonly ValidatedRow[] {
  const scenario = scenarioOf(setting);
  const runs = Array.from({ length: seeds }, (_, i) => evaluateQuota(scenario, weir, i + 1).values);
  const perSecond = 1_000 / setting.durationMs;
  const simulated: Record<keyof LiveMeasures, readonly number[]> = {
    refusedShare: runs.map((run) => run.refusedShare ?? 0),
    admittedPerSecond: runs.map((run) => (run.admitted ?? 0) * perSecond),
    p50WaitMs: runs.map((run) => run.p50WaitMs ?? 0),
    p99WaitMs: runs.map((run) => run.p99WaitMs ?? 0),
    jain: runs.map((run) => run.jain ?? 0),
  };
  return (Object.keys(simulated) as (keyof LiveMeasures)[]).map((measure) => {
    const spread = spreadOf(simulated[measure]);
    return {
      measure,
      live: live[measure],
      simulated: spread,
      difference: live[measure] - spread.median,
    };
  });
}
