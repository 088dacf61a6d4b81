import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IngestClient } from '@weir/client';
import { storedIds } from './stored-events.ts';
import { strippingProxy } from './stripping-proxy.ts';
import { makeKey, writeTenants } from './tenants.ts';
import { eventually, startWeir, temporaryFolder } from './weir-process.ts';

export interface Scenario {
  readonly batches: number;
  readonly eventsPerBatch: number;
  readonly perSecond: number;
  readonly burst: number;
  /** What the server tells beside the status. */
  readonly headers?: 'all' | 'retry-after' | 'status';
}

export interface ScenarioResult {
  readonly requests: number;
  readonly refused: number;
  readonly seconds: number;
  readonly sent: number;
  /** Events in objects, each once. */
  readonly stored: number;
  readonly doubled: number;
}

/** One process with so many batches to send, on a key with a small quota, against a real server. */
export async function runScenario(scenario: Scenario): Promise<ScenarioResult> {
  await using folder = await temporaryFolder();
  const key = makeKey(['ingest', 'read']);
  const file = join(folder.path, 'tenants.json');
  const { perSecond: tokens, burst, batches, eventsPerBatch, headers = 'all' } = scenario;
  const quota = { name: 'requests', unit: 'requests', tokens, period: '1s', burst } as const;
  await writeTenants(file, { acme: { keys: [key], quotas: [quota] } });
  const env = { WEIR_TENANTS: file, WEIR_SEGMENT_AGE_MS: '200' };
  await using weir = await startWeir({ dataDir: folder.path, env });
  await using proxy = await strippingProxy(weir.url, headers);
  const client = new IngestClient({
    baseUrl: proxy.url,
    apiKey: key.text,
    maxBatchEvents: eventsPerBatch,
  });
  const sent = batches * eventsPerBatch;
  const startedMs = performance.now();
  for (let n = 0; n < sent; n += 1) client.track('n', { n });
  await client.flush({ timeoutMs: 600_000 });
  const seconds = (performance.now() - startedMs) / 1_000;
  const { requests, rateLimited: refused } = client.stats();
  await client.close();
  const ids = await eventually('all is stored', async () => {
    const found = await storedIds(join(folder.path, 'store'));
    return found.size >= sent ? found : undefined;
  });
  const doubled = [...ids.values()].filter((count) => count > 1).length;
  return { requests, refused, seconds, sent, stored: ids.size, doubled };
}

export interface ManyResult {
  readonly requests: number;
  readonly refused: number;
  /** Of what the quota gave, from the first admission until the first process ran dry. */
  readonly used: number;
  readonly seconds: number;
  readonly stored: number;
}

/** The same with several processes on one key: together they keep to its quota. */
export async function runProcesses(
  processes: number,
  { batches, eventsPerBatch, perSecond: tokens, burst }: Scenario,
): Promise<ManyResult> {
  await using folder = await temporaryFolder();
  const key = makeKey(['ingest', 'read']);
  const file = join(folder.path, 'tenants.json');
  const quota = { name: 'requests', unit: 'requests', tokens, period: '1s', burst } as const;
  await writeTenants(file, { acme: { keys: [key], quotas: [quota] } });
  const settings = { WEIR_TENANTS: file, WEIR_SEGMENT_AGE_MS: '200' };
  await using weir = await startWeir({ dataDir: folder.path, env: settings });
  const { PATH } = process.env;
  const env = { PATH, NODE_COMPILE_CACHE: join(folder.path, 'compiled'), WEIR_URL: weir.url };
  const sender = fileURLToPath(new URL('./scenario-sender.ts', import.meta.url));
  const children = Array.from({ length: processes }, () =>
    fork(sender, [`${batches}`, `${eventsPerBatch}`], {
      env: { ...env, WEIR_API_KEY: key.text },
    }),
  );
  // All are loaded before any begins: what is measured is the client, and not the start of Node.
  await Promise.all(children.map((child) => once(child, 'message')));
  const reports = await Promise.all(
    children.map(async (child) => {
      child.send('begin');
      const [report] = (await once(child, 'message')) as [SenderReport];
      return report;
    }),
  );
  const firstMs = Math.min(...reports.map(({ takenAtMs }) => takenAtMs[0] as number));
  const dryMs = Math.min(...reports.map(({ takenAtMs }) => takenAtMs.at(-1) as number));
  const all = reports.flatMap(({ takenAtMs }) => takenAtMs);
  const taken = all.filter((atMs) => atMs <= dryMs).length;
  const earned = burst + (tokens * (dryMs - firstMs)) / 1_000;
  const ids = await eventually('all is stored', async () => {
    const found = await storedIds(join(folder.path, 'store'));
    return found.size >= processes * batches * eventsPerBatch ? found : undefined;
  });
  return {
    requests: reports.reduce((sum, one) => sum + one.requests, 0),
    refused: reports.reduce((sum, one) => sum + one.refused, 0),
    used: taken / earned,
    seconds: (Math.max(...all) - firstMs) / 1_000,
    stored: ids.size,
  };
}

/** What one sending process tells at its end. */
export interface SenderReport {
  readonly requests: number;
  readonly refused: number;
  /** Wall clock of each answer that took a batch. */
  readonly takenAtMs: readonly number[];
}
