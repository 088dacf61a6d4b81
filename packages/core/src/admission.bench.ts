import { expect, test } from 'vitest';
import { decide, type NamedQuota } from './admission.ts';
import { admits, compileQuota, type RateState } from './gcra.ts';

const t0 = 1_790_000_000_000_000;
const roomy = compileQuota({ tokens: 150_000_000, periodUs: 1_000_000, burst: 300_000_000 });
const three: readonly NamedQuota[] = [
  { name: 'req', unit: 'requests', quota: roomy },
  { name: 'ev', unit: 'events', quota: roomy },
  { name: 'bytes', unit: 'bytes', quota: roomy },
];
const slow = compileQuota({ tokens: 10, periodUs: 1_000_000, burst: 4 });
const one: readonly NamedQuota[] = [{ name: 'req', unit: 'requests', quota: slow }];
const cost = { requests: 1, events: 10, bytes: 1_000 };
const owing: RateState = { tatUs: t0 + 400_000, rest: 0, r: slow.r };

// A thousand at a time, so that the bench's own clock does not count.
test('a thousand decisions', async ({ bench }) => {
  const states: (RateState | undefined)[] = [undefined, undefined, undefined];
  let nowUs = t0;

  const results = await bench.compare(
    bench('one quota, quick check', () => {
      for (let i = 0; i < 1_000; i += 1) admits(slow, owing, t0 + i, 1);
    }),
    bench('one quota, refused', () => {
      for (let i = 0; i < 1_000; i += 1) decide(one, [owing], cost, t0 + i);
    }),
    bench('three quotas, allowed and kept', () => {
      for (let i = 0; i < 1_000; i += 1) {
        nowUs += 7;
        const { verdicts } = decide(three, states, cost, nowUs);
        for (let j = 0; j < 3; j += 1) states[j] = verdicts[j]?.next;
      }
    }),
  );

  expect(results.get('one quota, refused').throughput.p50).toBeGreaterThan(2_000);
});
