import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { freePort } from './support/child-server.ts';
import { inChromium } from './support/chromium.ts';
import { post } from './support/sender.ts';
import { makeKey, type TestKey, writeTenants } from './support/tenants.ts';
import { startWeir, temporaryFolder, type WeirProcess } from './support/weir-process.ts';

// The console page: what an operator sees, and what nobody may see.

const secret = 'content-stays-secret';

async function startWithQuota(folder: string): Promise<{ weir: WeirProcess; key: TestKey }> {
  const key = makeKey();
  const tenants = join(folder, 'tenants.json');
  const quota = { name: 'few', unit: 'requests', tokens: 1, period: '1h', burst: 3 } as const;
  await writeTenants(tenants, {
    acme: { keys: [key], quotas: [quota] },
    'blue-sky': { keys: [makeKey()] },
  });
  const env = { WEIR_TENANTS: tenants, WEIR_SEGMENT_AGE_MS: '100' };
  return { weir: await startWeir({ dataDir: folder, env }), key };
}

/** Three that are taken, of which the first receipt is told, and two that are not. */
async function sendSome(weir: WeirProcess, key: TestKey): Promise<string> {
  const body = `{"type":"order.paid","data":{"note":"${secret}"}}`;
  const replies = [];
  for (let n = 0; n < 5; n += 1) replies.push(await post({ url: weir.url, key: key.text }, body));
  await post({ url: weir.url, key: 'weir_wrong' }, body);
  expect(replies.map(({ status }) => status)).toEqual([202, 202, 202, 429, 429]);
  return (JSON.parse(replies[0]?.body ?? '') as { receipt: string }).receipt;
}

inChromium('the console page shows tenants, refusals and where a receipt is', async (browser) => {
  await using folder = await temporaryFolder();
  const { weir, key } = await startWithQuota(folder.path);
  await using _stop = weir;
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
  await page.goto(`${weir.adminUrl}/console`);
  await page.getByText('nothing was refused since the start').waitFor();
  const receipt = await sendSome(weir, key);
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(message.text());
  });
  await page.goto(weir.adminUrl); // the page is where the port's front door leads
  await expectTenants(page);
  await expectRefusals(page);

  await page.getByRole('textbox', { name: 'Receipt' }).fill(receipt);
  await page.getByRole('button', { name: 'Look up' }).click();
  await page.locator('#found').getByText('stored', { exact: true }).waitFor();
  const found = (await page.locator('#found').textContent()) ?? '';
  expect(found).toMatch(/tenant=acme\/dt=\d{4}-\d\d-\d\d\/hour=\d\d\/\S+\.ndjson\.zst line 1/);

  await page.getByRole('textbox', { name: 'Receipt' }).fill('<b>no</b>');
  await page.getByRole('button', { name: 'Look up' }).click();
  await page.getByText('this is no receipt').waitFor();
  await page.getByRole('textbox', { name: 'Receipt' }).fill(receipt);
  await page.getByRole('button', { name: 'Look up' }).click();
  await page.locator('#found').getByText('stored', { exact: true }).waitFor();

  const whole = await page.content();
  for (const hidden of [secret, key.text, key.entry.hash, key.entry.salt, '127.0.0.1:']) {
    expect(whole).not.toContain(hidden);
  }
  expect(troubles).toEqual([expect.stringContaining('404')]); // for what is no receipt
  await keepScreenshot(page);
  await page.setViewportSize({ width: 390, height: 800 });
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390); // tables scroll alone
});

async function expectTenants(page: Page): Promise<void> {
  const row = page.getByRole('row', { name: /^acme/ });
  await row.waitFor();
  await row.getByText('few: 1 request/h, burst 3 · 0 left').waitFor();
  await expect
    .poll(() => row.getByRole('cell').allTextContents(), { timeout: 20_000 })
    .toEqual([
      expect.stringContaining('few'),
      '0', // at rest by the second look
      '3',
      '0',
      '3',
      '2',
    ]);
  expect(await page.getByRole('row', { name: /^blue-sky/ }).count()).toBe(1);
}

async function expectRefusals(page: Page): Promise<void> {
  const codes = await page.locator('#refusals tr td:nth-child(3)').allTextContents();
  expect(codes).toEqual(['unauthorized', 'rate_limited', 'rate_limited']);
  const [, reason] = await page.locator('#refusals tr td:nth-child(4)').allTextContents();
  expect(reason).toBe('few');
}

/** For people who want to see it: `WEIR_TEST_SCREENSHOTS` names a folder. */
async function keepScreenshot(page: Page): Promise<void> {
  const { WEIR_TEST_SCREENSHOTS: folder } = process.env;
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, 'console.png'), fullPage: true });
}

inChromium('without Jaeger the page says so, and shows the rest', async (browser) => {
  await using folder = await temporaryFolder();
  const away = `http://127.0.0.1:${await freePort()}`;
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: away,
    OTEL_TRACES_SAMPLER_ARG: '1',
    JAEGER_URL: away,
    WEIR_SEGMENT_AGE_MS: '100',
  };
  await using weir = await startWeir({ dataDir: folder.path, env });
  const reply = await post(weir, '{"type":"a"}', { headers: { prefer: 'wait=10' } });
  const { receipt } = JSON.parse(reply.body) as { receipt: string };
  const page = await browser.newPage();
  await page.goto(`${weir.adminUrl}/console`);
  await page.getByRole('textbox', { name: 'Receipt' }).fill(receipt);
  await page.getByRole('button', { name: 'Look up' }).click();
  await page.getByText('Jaeger does not answer').waitFor();
  await page.locator('#found').getByText('stored', { exact: true }).waitFor();
});

test('the page comes with headers that let nothing else in, and tells no key', async () => {
  await using folder = await temporaryFolder();
  const { weir, key } = await startWithQuota(folder.path);
  await using _stop = weir;
  await sendSome(weir, key);
  const page = await fetch(`${weir.adminUrl}/console`);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
  const state = await (await fetch(`${weir.adminUrl}/console/state.json`)).text();
  for (const hidden of [secret, key.text, key.entry.hash, key.entry.id]) {
    expect(state).not.toContain(hidden);
  }
  const wrong = await fetch(`${weir.adminUrl}/console`, { method: 'POST' });
  expect(wrong.status).toBe(405);
});
