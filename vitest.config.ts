import { defineConfig } from 'vitest/config';

const provideRedis = 'packages/server/src/redis/provide-redis.model.ts';

/** `unit` is quick and runs on every save; `whole` starts processes and is what CI adds. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts'],
          globalSetup: [provideRedis],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'whole',
          include: ['test/**/*.test.ts'],
          globalSetup: [
            'test/support/provide-versitygw.ts',
            'test/support/provide-debian.ts',
            provideRedis,
          ],
          testTimeout: 300_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
