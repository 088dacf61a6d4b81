import { expect, test } from 'vitest';
import { withBursts } from './plan-bursts.ts';
import { parseTenants, type TenantsFile } from './tenants-file.ts';

const text = JSON.stringify({
  plans: {
    free: [
      { name: 'requests', unit: 'requests', tokens: 10, period: '1s', burst: 20, scope: 'tenant' },
      { name: 'events', unit: 'events', tokens: 100, period: '1s', burst: 200, scope: 'tenant' },
    ],
  },
  tenants: {},
});
const file = parseTenants(text, 'tenants.json') as TenantsFile;
const burstsOf = (of: ReturnType<typeof withBursts>) =>
  (of as TenantsFile).plans.get('free')?.map(({ quota }) => quota.burst);

test('takes the bursts that were found, and leaves rates and other quotas as they are', () => {
  const tuned = withBursts(file, { free: { requests: { burst: 77 } } });

  expect(burstsOf(tuned)).toEqual([77, 200]);
  expect((tuned as TenantsFile).plans.get('free')?.[0]?.quota.tokens).toBe(10);
  expect(burstsOf(file)).toEqual([20, 200]);
  expect(withBursts(file, undefined)).toBe(file);
});

test('lists plans and quotas that are not there, and bursts that cannot be counted', () => {
  const burst = Number.MAX_SAFE_INTEGER;
  expect(withBursts(file, { paid: {}, free: { bytes: { burst: 1 }, events: { burst } } })).toEqual({
    problems: [
      'plans: expected the plan paid, of which the tuned file has bursts',
      'plans.free: expected the quota bytes, of which the tuned file has a burst',
      expect.stringMatching(/^plans\.free: events: /),
    ],
  });
});
