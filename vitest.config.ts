import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// For the processes that tests run in, and those that they start: what Node made of sources is kept, and they
// start with less work.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(
  new URL('node_modules/.cache/weir', import.meta.url),
);

const provideRedis = 'packages/server/src/redis/provide-redis.model.ts';

/** `unit` is quick and runs on every save; `whole` starts processes and is what CI adds. */
export default defineConfig({
  test: {
    // Node runs the sources as they are, here as well: what Vite makes of them is up to four times slower.
    experimental: { viteModuleRunner: false },
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
