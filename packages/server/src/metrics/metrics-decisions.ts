import {
  type Decision,
  type DecisionSource,
  isNearLimit,
  type NamedQuota,
} from '@weir/core/admission';
import { limiterMetrics, takingMetrics } from '@weir/core/telemetry-names';
import { formatMetric, LabelledCounter, type Sample } from './metric-kinds.ts';

/** Quota names beyond are counted together: the file of tenants may change for ever. */
const mostQuotaNames = 1_000;

type Outcome = 'allowed' | 'refused' | 'shadowed';
type Counters = Readonly<Record<Outcome, LabelledCounter>>;

/** Counts decisions by quota, outcome and who knew the answer. */
export class DecisionMetrics {
  readonly #counters: Readonly<Record<DecisionSource, Counters>> = {
    memory: counters(),
    redis: counters(),
    remembered: counters(),
    local: counters(),
  };
  readonly #near = new LabelledCounter([], mostQuotaNames);

  /** One that allowed counts for every quota, one that refused for those that did. */
  add(quotas: readonly NamedQuota[], decision: Decision): void {
    const { allowed, violated, shadowed, source, verdicts } = decision;
    const { allowed: passed, refused, shadowed: tried } = this.#counters[source];
    for (const place of violated) refused.add(quotas[place]?.name ?? '');
    for (const place of shadowed) tried.add(quotas[place]?.name ?? '');
    if (!allowed) return;
    for (let place = 0; place < quotas.length; place += 1) {
      const named = quotas[place] as NamedQuota;
      const verdict = verdicts[place];
      if (verdict?.allowed === false) continue; // on trial
      passed.add(named.name);
      if (verdict !== undefined && isNearLimit(named, verdict)) this.#near.add(named.name);
    }
  }

  /** In Prometheus' text format. */
  format(): string {
    const samples = Object.entries(this.#counters).flatMap(([source, byOutcome]) =>
      Object.entries(byOutcome).flatMap(([outcome, counter]) =>
        samplesOf(counter, outcome, source),
      ),
    );
    return [
      formatMetric(takingMetrics.decisions, samples),
      formatMetric(limiterMetrics.near, this.#near.samples()),
    ].join('');
  }
}

function counters(): Counters {
  const counter = (): LabelledCounter => new LabelledCounter([], mostQuotaNames);
  return { allowed: counter(), refused: counter(), shadowed: counter() };
}

function samplesOf(counter: LabelledCounter, outcome: string, source: string): Sample[] {
  return Array.from(counter.entries(), ([quota, value]) => ({
    labels: [quota, outcome, source],
    value,
  }));
}
