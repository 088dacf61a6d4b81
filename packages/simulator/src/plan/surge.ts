import { figures } from './figures.ts';
import { lineValue, type Plan, requestUs } from './plan.ts';

/** What becomes of a deployment when its peak is `factor` times what it was planned for. */
export interface Surge {
  readonly factor: number;
  /** Requests a second that come. */
  readonly offered: number;
  /** … that are stored. */
  readonly stored: number;
  /** … that are answered 429 or 503. */
  readonly refused: number;
  /** … that no processor has time for: they wait in the kernel until the sender gives up. */
  readonly unanswered: number;
  /** Of all cores, in shares; more than 1 there is not. */
  readonly busy: number;
  /** Processes that would carry it as planned. */
  readonly processesNeeded: number;
  readonly serversNeeded: number;
}

/**
 * A launch that is larger than its forecast, on the servers of the forecast. Requests get their turn in
 * the order in which they come: those within the quotas are stored, the rest is refused, which is
 * cheaper; whatever no processor has time for waits in the kernel.
 *
 * @param quotaFactor quotas are so many times the planned peak in sum; Infinity without quotas
 */
export function surge(plan: Plan, factor: number, quotaFactor: number = Infinity): Surge {
  const { bytes, utilisation, cores } = plan.terms;
  const peak = lineValue(plan, 'peak');
  const offered = peak * factor;
  const wanted = Math.min(offered, peak * quotaFactor);
  const budgetUs = lineValue(plan, 'processes') * 1_000_000;
  const takeUs = requestUs(bytes);
  const refuseUs = figures.refuseUs.value;
  const stored = Math.min(wanted, budgetUs / takeUs);
  const leftUs = Math.max(0, budgetUs - stored * takeUs);
  const refused = Math.min(offered - stored, leftUs / refuseUs);
  const processesNeeded = Math.ceil((offered * takeUs) / (1_000_000 * utilisation));
  return {
    factor,
    offered,
    stored,
    refused,
    unanswered: Math.max(0, offered - stored - refused),
    busy: (stored * takeUs + refused * refuseUs) / budgetUs,
    processesNeeded,
    serversNeeded: Math.ceil(processesNeeded / cores),
  };
}
