import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startS3Double } from '@weir/s3-double/server';
import { findRedisServer, startRedisServer } from '@weir/server/redis/redis-server.model';
import { expect, test } from 'vitest';
import { bucketAt } from './support/bucket.ts';
import {
  type RealPrometheus,
  startPrometheus,
  whyNoPrometheus,
} from './support/real-prometheus.ts';
import { post } from './support/sender.ts';
import {
  eventually,
  startWeir,
  temporaryFolder,
  type WeirProcess,
} from './support/weir-process.ts';

// Whoever opens the dashboard sees something: no panel is empty, no alert is wrong at rest.

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const dashboard = new URL('../otel/grafana/dashboards/weir.json', import.meta.url);

const missing = whyNoPrometheus() ?? (findRedisServer() ? undefined : 'there is no Redis');

test.skipIf(missing !== undefined && process.env.CI !== 'true')(
  'every panel shows a value of a server at work, and every alert is silent',
  async () => {
    if (missing !== undefined) throw new Error(missing);
    await using folder = await temporaryFolder();
    await using double = await startS3Double();
    await using redis = await startRedisServer();
    const env = { ...bucketAt(double.endpoint), REDIS_URL: redis.url };
    await using weir = await startWeir({ dataDir: folder.path, env });
    await using prometheus = await startPrometheus([new URL(weir.adminUrl).host]);
    const stopping = new AbortController();
    const working = keepSending(weir, stopping.signal);
    try {
      await expectAllPanels(prometheus);
    } finally {
      stopping.abort();
      await working;
    }
    await eventually('a ledger that adds up', async () => {
      const [sample] = await prometheus.query('weir_ledger_difference');
      return sample?.value === 0 ? true : undefined;
    });
    const alerts = await prometheus.query('ALERTS');
    expect(alerts.map(({ metric }) => metric.alertname)).toEqual([]);
  },
);

/** Good events, bad ones, repeats: so that nothing there is to count stays at nothing. */
async function keepSending(weir: WeirProcess, signal: AbortSignal): Promise<void> {
  for (let n = 0; !signal.aborted; n += 1) {
    const body = `[{"type":"order.paid","data":{"n":${n}}},{"no":"type"}]`;
    const headers = { 'idempotency-key': `k${n >> 1}` };
    await post(weir, body, { headers });
    await post({ ...weir, key: 'weir_wrong' }, body);
    await new Promise((later) => setTimeout(later, 20));
  }
}

async function expectAllPanels(prometheus: RealPrometheus): Promise<void> {
  const { panels } = JSON.parse(await readFile(fileURLToPath(dashboard), 'utf8')) as {
    panels: readonly Panel[];
  };
  const expressions = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ title, expr: expr.replaceAll('$__rate_interval', '10s') })),
  );
  expect(expressions.length).toBeGreaterThan(40);
  let empty: string[] = [];
  await eventually(
    'a value on every panel',
    async () => {
      const answers = await Promise.all(expressions.map(({ expr }) => prometheus.query(expr)));
      empty = expressions
        .filter((_panel, place) => !answers[place]?.some(({ value }) => Number.isFinite(value)))
        .map(({ title, expr }) => `${title}: ${expr}`);
      return empty.length === 0 ? true : undefined;
    },
    40_000,
  ).catch((error: Error) => {
    throw new Error(`${error.message}; empty: ${empty.join('\n')}`);
  });
}
