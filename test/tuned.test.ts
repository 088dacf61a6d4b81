import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readMetric } from './support/metrics.ts';
import { post } from './support/sender.ts';
import { makeKey, writeTenants } from './support/tenants.ts';
import { startWeir, temporaryFolder, type WeirProcess } from './support/weir-process.ts';

// What `weir-sim tune` writes changes what `weir serve --config` does.

const quota = { name: 'day', unit: 'requests', tokens: 1, period: '1d', burst: 9 } as const;

test('a server takes bursts and settings of a tuned file, and the environment goes before them', async () => {
  await using folder = await temporaryFolder();
  const key = makeKey();
  const tenants = join(folder.path, 'tenants.json');
  await writeTenants(tenants, { acme: { keys: [key], quotas: [quota] } });
  const config = join(folder.path, 'tuned.json');
  const settings = { MAX_QUEUE: 30, WEIR_SEGMENT_AGE_MS: 3_600_000 }; // nothing is delivered meanwhile
  const tuned = {
    version: 1,
    command: 'weir-sim tune',
    seeds: { tune: [1], heldOut: [2] },
    goals: [],
    client: { throttle: { policy: 'adaptive', options: {} } },
    server: { settings, plans: { 'plan-0': { day: { burst: 3 } } } },
  };
  await writeFile(config, JSON.stringify(tuned));
  const args = ['serve', '--config', config];
  const start = (env: Record<string, string>) =>
    startWeir({ dataDir: join(folder.path, 'data'), args, env: { WEIR_TENANTS: tenants, ...env } });

  const statusesOf = async ({ url }: WeirProcess) => {
    const target = { url, key: key.text };
    const statuses: number[] = [];
    for (let i = 0; i < 5; i += 1) statuses.push((await post(target, '{"type":"a"}')).status);
    return statuses;
  };

  {
    await using weir = await start({});
    expect(await statusesOf(weir)).toEqual([202, 202, 202, 429, 429]);
    expect(await readMetric(weir.adminUrl, 'weir_spool_full_ratio')).toBeCloseTo(3 / 30, 6);
    await weir.end('SIGTERM');
  }
  {
    await using weir = await start({ MAX_QUEUE: '2' });
    expect(await statusesOf(weir)).toEqual([202, 202, 503, 503, 503]);
  }
  const other = { ...tuned, server: { settings, plans: { paid: { day: { burst: 3 } } } } };
  await writeFile(config, JSON.stringify(other));
  await expect(start({})).rejects.toThrow(/expected the plan paid/);
});
