import { hasProblems } from '../problems.ts';
import { type Finding, type LedgerRow, type VerifyTotals, verify } from '../reading/verify.ts';
import { placesIn } from '../settings/read-settings.ts';
import { openStore } from './open-store.ts';
import { columns, counted, exits, found, type Outcome } from './outcome.ts';
import { spoolSegments } from './spool-segments.ts';

export interface VerifyOptions {
  readonly config?: string | undefined;
  readonly ledger?: boolean;
}

/** Of a store that is wrong everywhere a person needs no more. */
const mostFindings = 1_000;

interface Report extends VerifyTotals {
  readonly findings: readonly Finding[];
  /** How many there were besides. */
  readonly more: number;
}

/** `weir verify`: is all there, once and whole, that manifests say is there? */
export async function verifyCommand({ config, ledger }: VerifyOptions): Promise<Outcome> {
  const opened = await openStore(config);
  if (hasProblems(opened)) return found(opened.problems);
  const { store, settings } = opened;
  // Before the store: what is delivered meanwhile is found in one of the two, or in both.
  const spool = await spoolSegments(placesIn(settings).spool);
  const report = await collect(verify({ store, spool }, new AbortController().signal));
  const clean = report.findings.length === 0;
  return {
    exit: clean ? exits.ok : exits.found,
    lines: [...report.findings.map(lineOf), ...(ledger ? ledgerOf(report) : []), summaryOf(report)],
    json: jsonOf(report, ledger === true),
  };
}

async function collect(run: ReturnType<typeof verify>): Promise<Report> {
  const findings: Finding[] = [];
  let more = 0;
  for (;;) {
    const step = await run.next();
    if (step.done) return { ...step.value, findings, more };
    if (findings.length < mostFindings) findings.push(step.value);
    else more += 1;
  }
}

function lineOf({ kind, where, detail }: Finding): string {
  return `${kind}: ${where}: ${detail}`;
}

function summaryOf({ findings, more, manifests, objects, ledger }: Report): string {
  const { stored } = sumOf(ledger);
  const read = `${counted(manifests, 'manifest')} and ${counted(objects, 'object')} read`;
  const counts = `${read}, ${counted(stored, 'event')} stored`;
  if (findings.length === 0) return `${counts}: no gap, no duplicate, no damage`;
  return `${counts}: ${counted(findings.length + more, 'finding')}`;
}

function sumOf(ledger: VerifyTotals['ledger']): LedgerRow {
  const sum = { stored: 0, queued: 0, dead: 0, quarantined: 0 };
  for (const row of ledger.values()) for (const term of terms) sum[term] += row[term];
  return sum;
}

const terms = ['stored', 'queued', 'dead', 'quarantined'] as const;

/** Everything that was ever accepted is in one of the columns. */
function ledgerOf({ ledger }: Report): string[] {
  const heading = ['TENANT', ...terms.map((term) => term.toUpperCase()), 'ACCEPTED'];
  const rows = [...ledger].sort(([a], [b]) => (a < b ? -1 : 1)).concat([['(all)', sumOf(ledger)]]);
  return columns([heading, ...rows.map(([tenant, row]) => [tenant, ...cellsOf(row)])]);
}

function cellsOf(row: LedgerRow): string[] {
  const counts = terms.map((term) => row[term]);
  return [...counts, counts.reduce((sum, count) => sum + count, 0)].map(String);
}

function jsonOf({ findings, more, manifests, objects, ledger }: Report, withLedger: boolean) {
  const totals = { findings, more, manifests, objects, total: sumOf(ledger) };
  return withLedger ? { ...totals, tenants: Object.fromEntries(ledger) } : totals;
}
