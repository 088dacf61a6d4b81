import { execFileSync } from 'node:child_process';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { onRedis } from '@weir/server/redis/on-redis.model';
import { freePort, startRedisServer } from '@weir/server/redis/redis-server.model';
import { expect, test } from 'vitest';
import { readMetric } from './support/metrics.ts';
import { post } from './support/sender.ts';
import { makeKey, writeTenants } from './support/tenants.ts';
import { eventually, runWeir, startWeir, temporaryFolder } from './support/weir-process.ts';

// One machine, several processes: one port, one quota, a spool each.

const key = makeKey();
const daily = { name: 'day', unit: 'requests', tokens: 1, period: '1d', burst: 60 } as const;

onRedis('several processes on one port', () => {
  test('share the quota, lose nothing when one is killed, and stop together', async () => {
    await using folder = await temporaryFolder();
    await using redis = await startRedisServer();
    const tenants = join(folder.path, 'tenants.json');
    await writeTenants(tenants, { a: { keys: [key], quotas: [daily] } });
    const adminPort = Math.min(await freePort(), 65_000);
    await using weir = await startWeir({
      dataDir: join(folder.path, 'data'),
      env: {
        WEIR_TENANTS: tenants,
        REDIS_URL: redis.url,
        WEIR_REDIS_DEADLINE_MS: '1000',
        WEIR_PROCESSES: '2',
        WEIR_ADMIN_PORT: `${adminPort}`,
      },
    });
    const admins = [0, 1].map((number) => `http://127.0.0.1:${adminPort + number}`);
    const accepted = () => sum(admins.map((url) => readMetric(url, 'weir_events_accepted_total')));
    for (const url of admins) await eventually('it serves', () => isReady(url));
    const agent = new Agent({ keepAlive: true, maxSockets: 30 });
    const send = () => post({ url: weir.url, key: key.text }, '{"type":"a"}', { agent });

    const replies = await Promise.all(Array.from({ length: 100 }, send));

    expect(replies.filter(({ status }) => status === 202)).toHaveLength(60);
    expect(await accepted()).toBe(60);
    const each = await Promise.all(admins.map((url) => readMetric(url, 'weir_requests_total')));
    expect(Math.min(...each)).toBeGreaterThan(0);
    const [first = 0] = childrenOf(weir.pid);
    process.kill(first, 'SIGKILL');
    await eventually('it is replaced', () =>
      childrenOf(weir.pid).length === 2 && !childrenOf(weir.pid).includes(first) ? true : undefined,
    );
    for (const url of admins) await eventually('it serves again', () => isReady(url));
    agent.destroy();

    expect(await weir.end('SIGTERM')).toBe(0);
    const verify = await runWeir(['verify', '--json'], {
      WEIR_DATA_DIR: join(folder.path, 'data'),
    });
    const { total } = JSON.parse(verify.stdout) as { total: Record<string, number> };
    expect((total.stored ?? 0) + (total.queued ?? 0)).toBe(60);
    expect(total.quarantined).toBe(0);
  });

  test('without a Redis it does not start, and says why', async () => {
    await using folder = await temporaryFolder();
    const env = { WEIR_PROCESSES: '2', WEIR_DATA_DIR: folder.path };
    const { code, stderr, stdout } = await runWeir(['serve'], env);
    expect(code).not.toBe(0);
    expect(`${stdout}${stderr}`).toContain('WEIR_PROCESSES: expected 1 while REDIS_URL is not set');
  });
});

async function isReady(url: string): Promise<true | undefined> {
  const reply = await fetch(`${url}/readyz`).catch(() => undefined);
  return reply?.ok ? true : undefined;
}

async function sum(counts: readonly Promise<number>[]): Promise<number> {
  return (await Promise.all(counts)).reduce((total, count) => total + count, 0);
}

function childrenOf(pid: number): number[] {
  try {
    return execFileSync('pgrep', ['-P', `${pid}`])
      .toString()
      .trim()
      .split('\n')
      .map(Number);
  } catch {
    return [];
  }
}
