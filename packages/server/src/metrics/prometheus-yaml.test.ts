import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { admin } from '../admin.ts';
import { settingTable } from '../config.ts';

test('Prometheus is sent to where the metrics are', async () => {
  const text = await readFile(new URL('../../../../otel/prometheus.yaml', import.meta.url), 'utf8');
  const [job] = parse(text).scrape_configs;
  const { adminHost, adminPort } = settingTable;
  expect(job.static_configs[0].targets).toEqual([`${adminHost.default}:${adminPort.default}`]);
  const { status } = await admin({
    reasons: () => [],
    metrics: () => '',
    publicUrl: 'http://x',
  }).request(job.metrics_path);
  expect(status).toBe(200);
});
