import { parseScenario, type QuotaScenario } from '../scenario.ts';

const slow = { tokens: 5, periodMs: 4_000, burst: 4_500 };
const fast = { tokens: 25, periodMs: 2_000, burst: 4_500 };

function crowd(id: string, processes: number, quota: typeof slow): QuotaScenario {
  return parseScenario({
    kind: 'quota',
    id,
    sentence: `crowd: ${processes} senders on ${(1_000 * quota.tokens) / quota.periodMs}/s`,
    durationMs: 1_800_000,
    server: { quota, initialTokens: 0 },
    clients: [{ processes }],
  }) as QuotaScenario;
}

/** As H1, with one sender up to a hundred. */
export const h3: readonly QuotaScenario[] = [
  ...[1, 2, 5, 30, 100].map((clients) => crowd(`H3-${clients}`, clients, slow)),
  crowd('H3-100-fast', 100, fast),
];
