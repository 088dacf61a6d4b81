import { ledgerMetrics } from '@weir/core/telemetry-names';
import type { SpoolStatus, TenantCounts } from '../spool/spool.ts';
import { formatMetric, formatValue, otherLabel, type Sample } from './metric-kinds.ts';

const terms = ['accepted', 'recovered', 'stored', 'queued', 'dead', 'quarantined'] as const;
type Term = (typeof terms)[number];

/** Events by what became of them. */
export type LedgerTerms = Readonly<Record<Term, number>>;

/** What the spool knows of the ledger. */
export type LedgerStatus = Pick<SpoolStatus, 'recovered' | 'queued' | 'quarantined'>;

/** What the ledger is off by: 0 at every quiet point, or something was lost or made twice. */
export function differenceOf(ledger: LedgerTerms): number {
  const { accepted, recovered, stored, queued, dead, quarantined } = ledger;
  return accepted + recovered - stored - queued - dead - quarantined;
}

/** What was counted here; the rest is the spool's. */
interface Tally {
  accepted: number;
  stored: number;
  dead: number;
}

const mostTenants = 100_000;
const shownTenants = 100;

/**
 * Counts events by tenant: accepted + recovered = stored + queued + dead + quarantined. After
 * 100,000 tenants all further ones are counted together.
 */
export class Ledger {
  readonly #tallies = new Map<string, Tally>();

  accepted(tenant: string, events: number): void {
    this.#tallyOf(tenant).accepted += events;
  }

  /** @param tenants events by tenant, of one object */
  delivered(state: 'stored' | 'dead', tenants: Readonly<Record<string, number>>): void {
    for (const [tenant, events] of Object.entries(tenants)) this.#tallyOf(tenant)[state] += events;
  }

  total(status: LedgerStatus): LedgerTerms {
    return sumOf(this.#byTenant(status).values());
  }

  format(status: LedgerStatus): string {
    const tenants = this.#byTenant(status);
    const total = sumOf(tenants.values());
    const shown = shorten(tenants);
    return [
      formatMetric(ledgerMetrics.terms, samplesOf([], total)),
      formatValue(ledgerMetrics.difference, differenceOf(total)),
      formatMetric(
        ledgerMetrics.tenantTerms,
        shown.flatMap(([tenant, ledger]) => samplesOf([tenant], ledger)),
      ),
      formatMetric(
        ledgerMetrics.tenantDifference,
        shown.map(([tenant, ledger]) => ({ labels: [tenant], value: differenceOf(ledger) })),
      ),
    ].join('');
  }

  #tallyOf(tenant: string): Tally {
    const found = this.#tallies.get(tenant);
    if (found !== undefined) return found;
    if (this.#tallies.size >= mostTenants && tenant !== otherLabel)
      return this.#tallyOf(otherLabel);
    const made = { accepted: 0, stored: 0, dead: 0 };
    this.#tallies.set(tenant, made);
    return made;
  }

  /** The spool knows every tenant by name; those that are counted together here, are so there. */
  #byTenant(status: LedgerStatus): Map<string, Record<Term, number>> {
    const all = new Map<string, Record<Term, number>>();
    const termsOf = (tenant: string) => {
      const isKnown = all.has(tenant) || all.size < mostTenants;
      const name = isKnown ? tenant : otherLabel;
      const found = all.get(name) ?? { ...nothing };
      all.set(name, found);
      return found;
    };
    for (const [tenant, tally] of this.#tallies) Object.assign(termsOf(tenant), tally);
    for (const term of ['recovered', 'queued', 'quarantined'] as const) {
      const counts: TenantCounts = status[term];
      for (const [tenant, events] of counts) termsOf(tenant)[term] += events;
    }
    return all;
  }
}

const nothing = { accepted: 0, recovered: 0, stored: 0, queued: 0, dead: 0, quarantined: 0 };

function sumOf(ledgers: Iterable<LedgerTerms>): LedgerTerms {
  const sum = { ...nothing };
  for (const ledger of ledgers) for (const term of terms) sum[term] += ledger[term];
  return sum;
}

/** The busiest by name, and all others together. */
function shorten(tenants: ReadonlyMap<string, LedgerTerms>): [string, LedgerTerms][] {
  const named = [...tenants].filter(([tenant]) => tenant !== otherLabel);
  named.sort((a, b) => taken(b[1]) - taken(a[1]));
  const rest = named.slice(shownTenants).map(([, ledger]) => ledger);
  const other = tenants.get(otherLabel);
  if (other !== undefined) rest.push(other);
  return [...named.slice(0, shownTenants), [otherLabel, sumOf(rest)]];
}

function taken({ accepted, recovered }: LedgerTerms): number {
  return accepted + recovered;
}

function samplesOf(labels: readonly string[], ledger: LedgerTerms): Sample[] {
  return terms.map((term) => ({ labels: [...labels, term], value: ledger[term] }));
}
