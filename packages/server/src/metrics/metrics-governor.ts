import { storeMetrics } from '@weir/core/telemetry-names';
import type { GovernorStatus } from '../store/governor.ts';
import { formatValue } from './metric-kinds.ts';

/**
 * How the store is doing, in Prometheus' text format.
 *
 * @param stuck segments that it refuses for good
 * @param governor absent where nobody governs how many writes there are
 */
export function formatStore(stuck: number, governor: GovernorStatus | undefined): string {
  const stuckSegments = formatValue(storeMetrics.stuck, stuck);
  if (governor === undefined) return stuckSegments;
  const { limit, underWay, waiting, stopped } = governor;
  return [
    stuckSegments,
    formatValue(storeMetrics.limit, limit),
    formatValue(storeMetrics.underWay, underWay),
    formatValue(storeMetrics.waiting, waiting),
    formatValue(storeMetrics.stopped, stopped === undefined ? 0 : 1),
  ].join('');
}
