import { Agent } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readMetric } from './support/metrics.ts';
import { openLoop, quantile } from './support/open-loop.ts';
import { post } from './support/sender.ts';
import { makeKey, writeTenants } from './support/tenants.ts';
import { startWeir, temporaryFolder } from './support/weir-process.ts';

// One tenant cannot hurt another. How much slower the other gets is measured by a command, on a
// machine of its own:
const command = 'npm run bench -- neighbour';

test('a flood at ten times its quota costs another tenant no refusal', async () => {
  console.log(`whether anyone is refused; how long it takes: ${command}`);
  await using folder = await temporaryFolder();
  const [flooding, quiet] = [makeKey(), makeKey()];
  const file = join(folder.path, 'tenants.json');
  const terms = { name: 'req', unit: 'requests', tokens: 30, period: '1s', burst: 30 } as const;
  await writeTenants(file, {
    flooding: { keys: [flooding], quotas: [terms] },
    quiet: { keys: [quiet] },
  });
  const env = { WEIR_TENANTS: file };
  await using weir = await startWeir({ dataDir: join(folder.path, 'data'), env });
  const agents = [1, 2].map(() => new Agent({ keepAlive: true, maxSockets: 16 }));
  const [first, second] = agents as [Agent, Agent];
  const load = { seconds: 3 };

  const [flood, others] = await Promise.all([
    openLoop({ url: weir.url, key: flooding.text }, { ...load, agent: first, perSecond: 300 }),
    openLoop({ url: weir.url, key: quiet.text }, { ...load, agent: second, perSecond: 50 }),
  ]);

  for (const agent of agents) agent.destroy();
  expect(others.filter(({ status }) => status !== 202)).toEqual([]);
  expect(flood.filter(({ status }) => status === 202).length).toBeLessThanOrEqual(30 + 30 * 10);
  expect(flood.filter(({ status }) => status === 429).length).toBeGreaterThan(450);
  const tookMs = others.map((sent) => sent.tookMs);
  console.log(`p99 beside the flood, on a busy machine: ${quantile(tookMs, 0.99).toFixed(1)} ms`);
});

test('a tenant that fills a spool nobody empties leaves half of it to the others', async () => {
  await using folder = await temporaryFolder();
  const [greedy, modest] = [makeKey(), makeKey()];
  const file = join(folder.path, 'tenants.json');
  await writeTenants(file, { greedy: { keys: [greedy] }, modest: { keys: [modest] } });
  await using weir = await startWeir({
    dataDir: join(folder.path, 'data'),
    program: fileURLToPath(new URL('./support/faulty-weir.ts', import.meta.url)),
    args: [],
    env: { WEIR_TENANTS: file, WEIR_TEST_STORE: 'stopped', MAX_QUEUE: '100' },
  });
  const send = async (key: string) => (await post({ url: weir.url, key }, '{"type":"a"}')).status;

  expect(await send(modest.text)).toBe(202);
  const greedyStatuses = [];
  for (let i = 0; i < 80; i += 1) greedyStatuses.push(await send(greedy.text));
  expect(greedyStatuses.filter((status) => status === 202)).toHaveLength(51);
  const refused = await post({ url: weir.url, key: greedy.text }, '{"type":"a"}');
  expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': expect.any(String) } });
  expect(JSON.parse(refused.body)).toMatchObject({ code: 'over_capacity', reason: 'share' });

  for (let i = 1; i < 49; i += 1) expect(await send(modest.text)).toBe(202);
  const guarded = await readMetric(weir.adminUrl, 'weir_guard_refusals_total{guard="share"}');
  expect(guarded).toBe(30);
});
