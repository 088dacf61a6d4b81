import { describe, test } from 'vitest';
import { findRedisServer } from './redis-server.model.ts';

/**
 * Tests a promise on a real Redis, which the tests start themselves. Where none is installed, one
 * test is skipped that says by its name what was not checked; in CI it fails.
 */
export function onRedis(promise: string, tests: () => void): void {
  on(findRedisServer() !== undefined, promise, tests);
}

/** The same for tests that are content with the Redis of `REDIS_URL`, if that is set. */
export function onAnyRedis(promise: string, tests: () => void): void {
  on(process.env.REDIS_URL !== undefined || findRedisServer() !== undefined, promise, tests);
}

function on(isThere: boolean, promise: string, tests: () => void): void {
  if (isThere) {
    describe(promise, tests);
    return;
  }
  const missing = 'there is no redis-server or valkey-server on the PATH';
  test.skipIf(process.env.CI !== 'true')(`not checked: ${promise}, for ${missing}`, () => {
    throw new Error(missing);
  });
}
