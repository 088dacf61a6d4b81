import type { ReadyReason } from '../admin.ts';
import type { Limiter } from '../limiter/limiter.ts';
import { readExposition } from '../telemetry/read-exposition.ts';
import type { Caller, CallerQuota } from '../tenants/caller.ts';
import type { NotedRefusal, RefusalBook } from './refusal-book.ts';

export interface ConsoleDeps {
  readonly reasons: () => readonly ReadyReason[];
  /** The text of `/metrics`, now. */
  readonly metrics: () => string;
  /** Whoever may call, as the tenants file has it now. */
  readonly callers: () => Iterable<Caller>;
  readonly limiter: Pick<Limiter, 'peek'>;
  readonly refusals: Pick<RefusalBook, 'countOf' | 'last'>;
}

/** One quota of a tenant, and what is left of it. */
export interface ShownQuota extends Pick<CallerQuota, 'name' | 'unit' | 'scope' | 'shadow'> {
  readonly tokens: number;
  readonly periodMs: number;
  readonly burst: number;
  /** Absent where it has to be asked for, and is not. */
  readonly remaining?: number | undefined;
}

export interface ShownTenant {
  readonly tenant: string;
  readonly keys: number;
  readonly quotas: readonly ShownQuota[];
  /** Events by what became of them. */
  readonly events: Readonly<Record<string, number>>;
  readonly refused: number;
}

/** All that the console page shows, but for receipts. */
export interface ConsoleState {
  readonly reasons: readonly string[];
  /** By name and labels, as in `/metrics`. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly tenants: readonly ShownTenant[];
  /** How many there are beyond those that are shown. */
  readonly moreTenants: number;
  readonly refusals: readonly NotedRefusal[];
}

const mostTenants = 100;
/** Asking costs Redis: only of so many tenants it is told what is left. */
const mostAsked = 20;

type Ledger = ReadonlyMap<string, Record<string, number>>;

/** No key, no content, no address: names, counts and codes. */
export async function consoleState(deps: ConsoleDeps): Promise<ConsoleState> {
  const { reasons, callers, refusals } = deps;
  const { metrics, ledger } = readMetrics(deps.metrics());
  const byTenant = groupByTenant(callers());
  const busiest = [...byTenant.keys()].sort(
    (a, b) => acceptedOf(ledger, b) - acceptedOf(ledger, a),
  );
  const tenants = await Promise.all(
    busiest.slice(0, mostTenants).map(async (tenant, place) => {
      const own = byTenant.get(tenant) ?? [];
      return {
        tenant,
        keys: own.length,
        quotas: await quotasOf(own, place < mostAsked ? deps.limiter : undefined),
        events: ledger.get(tenant) ?? {},
        refused: refusals.countOf(tenant),
      };
    }),
  );
  return {
    reasons: reasons().map(({ reason }) => reason),
    metrics,
    tenants,
    moreTenants: byTenant.size - tenants.length,
    refusals: refusals.last(),
  };
}

function readMetrics(text: string): { metrics: Record<string, number>; ledger: Ledger } {
  const metrics: Record<string, number> = {};
  const ledger = new Map<string, Record<string, number>>();
  for (const reading of readExposition(text)) {
    if ('histograms' in reading) continue;
    for (const { labels, value } of reading.points) {
      const { tenant, term } = labels;
      if (tenant === undefined) metrics[seriesOf(reading.metric.name, labels)] = value;
      else if (term !== undefined) ledger.set(tenant, { ...ledger.get(tenant), [term]: value });
    }
  }
  return { metrics, ledger };
}

function seriesOf(name: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
  return pairs.length === 0 ? name : `${name}{${pairs.join()}}`;
}

function acceptedOf(ledger: Ledger, tenant: string): number {
  return ledger.get(tenant)?.accepted ?? 0;
}

function groupByTenant(callers: Iterable<Caller>): Map<string, Caller[]> {
  const groups = new Map<string, Caller[]>();
  for (const caller of callers) {
    const group = groups.get(caller.tenant) ?? [];
    group.push(caller);
    groups.set(caller.tenant, group);
  }
  return groups;
}

/** Those of one key stand for all: a plan is a tenant's. What a key has for itself is not asked. */
async function quotasOf(
  [caller]: readonly Caller[],
  limiter: Pick<Limiter, 'peek'> | undefined,
): Promise<ShownQuota[]> {
  if (caller === undefined) return [];
  const { verdicts, source } = (await limiter?.peek(caller)) ?? { verdicts: [], source: 'local' };
  return caller.quotas.map(({ name, unit, scope, shadow, quota }, place) => ({
    name,
    unit,
    scope,
    shadow,
    tokens: quota.tokens,
    periodMs: quota.periodUs / 1_000,
    burst: quota.burst,
    remaining: source === 'local' || scope === 'key' ? undefined : verdicts[place]?.remaining,
  }));
}
