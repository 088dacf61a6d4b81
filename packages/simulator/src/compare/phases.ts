import { countsBetween, settledAfterMs } from '../measure.ts';
import type { Result } from '../run.ts';
import type { QuotaScenario } from '../scenario.ts';
import type { Values } from './values.ts';

const afterMs = 300_000;

/**
 * What the minutes after each change of a scenario say: the share refused in the five minutes from
 * then on, and where the rate is another, how long until senders use it. A change is a new quota, or
 * clients that come or leave after the start. Empty where nothing changes.
 */
export function phasesOf({ scenario, timeline }: Result): Values {
  const { server, durationMs } = scenario;
  const values: Record<string, number | null> = {};
  for (const atMs of changesOf(scenario)) {
    const until = Math.min(durationMs, atMs + afterMs);
    const { admitted, refused } = countsBetween(timeline, atMs, until);
    const all = admitted + refused;
    values[`refusedAfter${atMs / 1_000}s`] = all === 0 ? 0 : refused / all;
  }
  for (const [i, { atMs, quota }] of server.changes.entries()) {
    const before = server.changes[i - 1]?.quota ?? server.quota;
    const perSecond = (1_000 * quota.tokens) / quota.periodMs;
    const isRaise = perSecond > (1_000 * before.tokens) / before.periodMs;
    const untilMs = server.changes[i + 1]?.atMs ?? durationMs;
    if (!isRaise) continue;
    values[`settledAfter${atMs / 1_000}s`] = settledAfterMs(timeline, perSecond, atMs, untilMs);
  }
  return values;
}

function changesOf({ server, clients, durationMs }: QuotaScenario): number[] {
  const instants = [
    ...server.changes.map(({ atMs }) => atMs),
    ...clients.flatMap(({ startMs, stopMs = durationMs }) =>
      startMs[0] === startMs[1] ? [startMs[0], stopMs] : [stopMs],
    ),
  ];
  const within = instants.filter((atMs) => atMs > 0 && atMs < durationMs);
  return [...new Set(within)].sort((a, b) => a - b);
}
