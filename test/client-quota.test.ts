import { expect, test } from 'vitest';
import { runScenario } from './support/scenario.ts';

// The whole of a quota, and hardly a 429: 10 requests a second, burst 10. The whole of it, with 300
// batches and with four processes, is `npm run scenario`.

const batches = Number(process.env.WEIR_TEST_BATCHES ?? 60);

test(`${batches} batches leave as fast as the quota allows, at most one is refused, all are stored`, async () => {
  const result = await runScenario({ batches, eventsPerBatch: 10, perSecond: 10, burst: 10 });
  console.log(JSON.stringify(result));
  expect(result).toMatchObject({ stored: result.sent, doubled: 0 });
  expect(result.refused).toBeLessThanOrEqual(1);
  expect(result.requests).toBeLessThanOrEqual(batches + 1);
  const leastSeconds = (batches - 10) / 10;
  expect(result.seconds).toBeLessThanOrEqual(leastSeconds + 2);
});
