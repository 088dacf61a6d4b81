import { expect } from 'vitest';
import { readMetric } from './metrics.ts';
import { eventually } from './weir-process.ts';

const terms = ['accepted', 'recovered', 'stored', 'queued', 'dead', 'quarantined'] as const;

/** Events of a server, by what became of them. */
export type LedgerTerms = Readonly<Record<(typeof terms)[number], number>>;

export interface QuietLedger extends LedgerTerms {
  /** What it is off by. */
  readonly difference: number;
}

/**
 * The ledger of a server that nobody sends to, once its spool is empty: each term must be told, by
 * `/metrics` of its admin port.
 */
export async function quietLedger(adminUrl: string, withinMs = 20_000): Promise<QuietLedger> {
  await eventually(
    'an empty spool',
    async () => ((await readMetric(adminUrl, 'weir_spool_requests')) === 0 ? true : undefined),
    withinMs,
  );
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  const numberOf = (sample: string): number => {
    const line = text.split('\n').find((some) => some.startsWith(`${sample} `));
    if (line === undefined) throw new Error(`no ${sample} in /metrics`);
    return Number(line.slice(sample.length));
  };
  const told = terms.map((term) => [term, numberOf(`weir_ledger_events{term="${term}"}`)] as const);
  const tenants = text.match(/^weir_tenant_ledger_difference\{.*$/gm) ?? [];
  expect(tenants.length).toBeGreaterThan(0);
  for (const line of tenants) expect(line).toMatch(/ 0$/);
  const ledger = Object.fromEntries(told) as unknown as LedgerTerms;
  return { ...ledger, difference: numberOf('weir_ledger_difference') };
}

/** Holds the ledger to its promise, at a quiet point: its sums are equal, and nothing is queued. */
export async function expectLedger(
  adminUrl: string,
  wanted: Partial<LedgerTerms> = {},
): Promise<void> {
  const ledger = await quietLedger(adminUrl);
  expect(ledger).toMatchObject({ difference: 0, queued: 0, ...wanted });
  const { accepted, recovered, stored, dead, quarantined } = ledger;
  expect(accepted + recovered).toBe(stored + dead + quarantined);
}
