import { type Browser, chromium } from 'playwright-core';
import { test } from 'vitest';
import { findProgram } from './child-server.ts';

const programs = ['chromium', 'chromium-browser', 'google-chrome'];

/** A browser that is there already; undefined where there is none. */
export function findChromium(): string | undefined {
  return programs.map(findProgram).find((program) => program !== undefined);
}

/**
 * Tests a promise in a real browser. Where there is none, the test is skipped and says by its name
 * what was not checked; in CI it fails.
 */
export function inChromium(promise: string, run: (browser: Browser) => Promise<void>): void {
  const program = findChromium();
  if (program === undefined) {
    const missing = 'there is no chromium on the PATH';
    test.skipIf(process.env.CI !== 'true')(`not checked: ${promise}, for ${missing}`, () => {
      throw new Error(missing);
    });
    return;
  }
  test(promise, async () => {
    const browser = await chromium.launch({
      executablePath: program,
      args: ['--no-sandbox', '--disable-dev-shm-usage'], // as root, in a container
    });
    try {
      await run(browser);
    } finally {
      await browser.close();
    }
  });
}
