import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { inChromium } from './support/chromium.ts';
import { temporaryFolder } from './support/weir-process.ts';

// The page of the simulator, in a real browser: served by the program, and as files from elsewhere.

const root = fileURLToPath(new URL('../', import.meta.url));
const program = join(root, 'packages/simulator/src/cli/weir-sim.ts');
const doneWithinMs = 60_000;

/** What the page must never do: throw, or ask somebody else for anything. */
function watched(page: Page): string[] {
  const wrong: string[] = [];
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('requestfailed', (request) => wrong.push(`${request.url()} failed`));
  page.on('request', (request) => {
    if (!/^(http:\/\/127\.0\.0\.1:|data:|blob:)/.test(request.url())) wrong.push(request.url());
  });
  return wrong;
}

async function done(page: Page): Promise<void> {
  await page.locator('section table').nth(1).waitFor({ timeout: doneWithinMs });
  const status = page.getByRole('status').filter({ hasText: 'done' });
  await status.waitFor({ timeout: doneWithinMs });
}

const measureIn = (page: Page, side: string, name: string): Promise<string | null> =>
  page
    .getByRole('region', { name: side })
    .getByRole('row')
    .filter({ has: page.getByRole('rowheader', { name, exact: true }) })
    .getByRole('cell')
    .textContent();

async function served(): Promise<{ url: string } & AsyncDisposable> {
  const child = spawn(process.execPath, [program, 'serve', '--port', '0']);
  const [printed] = await once(child.stdout, 'data');
  return {
    url: String(printed).trim(),
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.kill('SIGINT');
      expect(await ended).toEqual([0, null]);
    },
  };
}

inChromium('two strategies run side by side, by mouse, keyboard and address', async (browser) => {
  await using server = await served();
  const page = await browser.newPage({ viewport: { width: 1_400, height: 1_300 } });
  const wrong = watched(page);

  await page.goto(`${server.url}#first=weir&second=heroku-remaining&seed=3`);
  await done(page);
  expect(await page.locator('canvas').count()).toBe(6);
  const gem = await measureIn(page, 'Second strategy', 'retry rate');
  expect(Number.parseFloat(`${gem}`)).toBeGreaterThan(2);
  expect(Number.parseFloat(`${gem}`)).toBeLessThan(5);
  const ours = await measureIn(page, 'First strategy', 'retry rate');
  expect(Number.parseFloat(`${ours}`)).toBeLessThan(1);

  // The keyboard reaches a slider, which changes the address; the address changes the page.
  await page.getByRole('slider', { name: 'Senders', exact: true }).focus();
  await page.keyboard.press('ArrowRight');
  await page.waitForURL(/clients=11/);
  await done(page);
  const sleeps = page.getByRole('img', { name: /^Sleep before each request/ });
  await page.getByText('by sender (11 of 11)').first().waitFor({ timeout: doneWithinMs });
  expect(await sleeps.count()).toBe(2);

  await page
    .getByRole('region', { name: 'First strategy' })
    .getByRole('combobox')
    .selectOption('fixed');
  await page.getByText('What came of fixed').waitFor();
  await done(page);
  expect(
    Number.parseFloat(`${await measureIn(page, 'First strategy', 'retry rate')}`),
  ).toBeGreaterThan(80);
  const address = page.url();
  const shownNow = await page.locator('section table').allInnerTexts();
  await page.goto('about:blank');
  await page.goto(address);
  await done(page);
  expect(await page.locator('section table').allInnerTexts()).toEqual(shownNow);
  expect(wrong).toEqual([]);
});

inChromium(
  'opens from any web server, light and dark, and is named throughout',
  async (browser) => {
    await using folder = await temporaryFolder();
    const built = spawn(process.execPath, [program, 'serve', '--to', join(folder.path, 'sim')]);
    expect(await once(built, 'exit')).toEqual([0, null]);
    const files = createServer((request, response) => {
      const path = (request.url ?? '/').replace(/\/$/, '/index.html');
      const type = path.endsWith('.html')
        ? 'text/html'
        : path.endsWith('.js')
          ? 'text/javascript'
          : 'text/css';
      readFile(join(folder.path, path)).then(
        (bytes) => response.writeHead(200, { 'content-type': type }).end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    files.listen(0, '127.0.0.1');
    await once(files, 'listening');
    const { port } = files.address() as { port: number };
    try {
      const pictures = join(root, '.cache', 'screenshots');
      await mkdir(pictures, { recursive: true });
      for (const colorScheme of ['light', 'dark'] as const) {
        const page = await browser.newPage({
          viewport: { width: 1_400, height: 1_300 },
          colorScheme,
        });
        const wrong = watched(page);
        await page.goto(`http://127.0.0.1:${port}/sim/`);
        await done(page);
        // As text: the test's own types know no document.
        const paper = await page.evaluate('getComputedStyle(document.body).backgroundColor');
        expect(paper).toBe(colorScheme === 'light' ? 'rgb(246, 247, 249)' : 'rgb(18, 22, 28)');
        const nameless = await page.evaluate(
          '[...document.querySelectorAll("input, select")].filter((each) => ' +
            'each.labels.length === 0 && each.ariaLabel === null).length',
        );
        expect(nameless).toBe(0);
        await page.screenshot({ path: join(pictures, `simulator-${colorScheme}.png`) });
        expect(wrong).toEqual([]);
      }
    } finally {
      files.closeAllConnections();
      files.close();
    }
  },
);
