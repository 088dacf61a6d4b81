import { expect, test } from 'vitest';
import { deliverBacklog } from './backlog.model.ts';
import { fair } from './weather.model.ts';

// What a store leaves of its throughput when it refuses three of ten requests, whoever asks.
const share = 0.3;
const weather = { ...fair, latencyMs: 50, latencyP99Ms: 150 };

test.each([
  ['as many workers as the store bears, sixteen objects a segment', 16, 16, 400],
  ['the usual two workers, one object a segment', 2, 1, 400],
])(
  'nine tenths of what SlowDown leaves get through: %s',
  async (_, workers, tenants, segments) => {
    const backlog = { workers, tenants, segments, seed: 1 };
    const plain = await deliverBacklog({ ...backlog, weather });
    const refused = await deliverBacklog({ ...backlog, weather: { ...weather, slowDown: share } });
    const left = plain.objectsPerSecond * (1 - share);
    expect(refused.objectsPerSecond / left).toBeGreaterThan(0.9);
    expect(refused.attemptsAnObject).toBeLessThan(1.6);
  },
  120_000,
);
