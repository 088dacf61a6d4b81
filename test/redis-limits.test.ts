import { onRedis } from '@weir/server/redis/on-redis.model';
import { startRedisServer } from '@weir/server/redis/redis-server.model';
import { expect, test } from 'vitest';
import { startLimiters } from './support/limiter-process.ts';

// "No window admits more than its law", with several processes on one Redis. A short run; ten
// seconds: WEIR_TEST_LONG=1.
const isLong = process.env.WEIR_TEST_LONG === '1';
const seconds = isLong ? 10 : 4;
const leastShare = isLong ? 0.995 : 0.99;

onRedis('four processes share one quota on one Redis', () => {
  test('of many at one instant exactly the burst passes', async () => {
    await using server = await startRedisServer();
    const terms = {
      tokens: 1,
      periodUs: 86_400_000_000,
      burst: 100,
      tenants: 1,
      deadlineMs: 5_000,
    };
    const load = { urls: [server.url], ...terms, perSecond: 100, seconds: 0 };
    const processes = await startLimiters(4, load);

    const results = await processes.run();

    expect(results.map(({ failed, servers }) => [failed, servers])).toEqual(Array(4).fill([0, 4]));
    expect(sum(results.map(({ allowed }) => allowed))).toBe(100);
  });

  test('at four times the rate they let through what the law says, and hardly less', async () => {
    await using server = await startRedisServer();
    const rate = 500;
    const burst = rate; // a second of it: no pause of a busy machine lets it run over
    const terms = { tokens: rate, periodUs: 1_000_000, burst, tenants: 1, deadlineMs: 5_000 };
    const load = { urls: [server.url], ...terms, perSecond: rate, seconds };
    const processes = await startLimiters(4, load);

    const results = await processes.run();

    // As long as all four were asking: one that a busy machine keeps back goes on alone.
    const untilMs = Math.min(...results.map((one) => one.untilMs));
    const all = results.flatMap(({ allowedAtMs }) => allowedAtMs).sort((a, b) => a - b);
    const times = all.filter((atMs) => atMs <= untilMs);
    const forMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
    const law = burst + (rate * forMs) / 1_000;
    const share = times.length / law;
    process.stdout.write(`let through ${times.length}, ${(100 * share).toFixed(2)} % of the law\n`);
    expect(sum(results.map(({ failed }) => failed))).toBe(0);
    expect(times.length).toBeLessThanOrEqual(law + rate / 1_000 + 1); // a clock of whole milliseconds
    expect(share).toBeGreaterThan(leastShare);
  });
});

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
