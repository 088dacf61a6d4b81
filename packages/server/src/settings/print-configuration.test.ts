import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { type Settings, settingTable } from '../config.ts';
import { hasProblems } from '../problems.ts';
import { parseTenants } from '../tenants/tenants-file.ts';
import { configurationPage } from './print-configuration.ts';
import { readSettings } from './read-settings.ts';

test('the committed page is the printed one: npm run docs:configuration', async () => {
  const committed = new URL('../../../../docs/configuration.md', import.meta.url);
  expect(await readFile(committed, 'utf8')).toBe(configurationPage());
});

test('every setting stands on the page, in a row of four cells', () => {
  const page = configurationPage();
  for (const { env, about } of Object.values(settingTable)) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${env}\` |`)) ?? '';
    expect(row.split(/(?<!\\)\|/)).toHaveLength(6);
    expect(row).toContain(about.replaceAll('|', '\\|'));
  }
});

test('every name is one of ours or one that everybody uses, and stands once', () => {
  const names = Object.values(settingTable).map(({ env }) => env);
  expect(new Set(names).size).toBe(names.length);
  const common = ['PORT', 'HOST', 'MAX_WORKERS', 'MAX_QUEUE', 'LOG_LEVEL', 'AWS_REGION'];
  common.push('REDIS_URL', 'S3_BUCKET', 'S3_ENDPOINT', 'S3_FORCE_PATH_STYLE', 'S3_PREFIX');
  common.push('OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_METRICS_EXPORTER', 'OTEL_TRACES_SAMPLER_ARG');
  common.push('JAEGER_URL', 'JAEGER_PAGE_URL');
  expect(names.filter((name) => !name.startsWith('WEIR_')).sort()).toEqual(common.sort());
});

test('defaults as documented are accepted as given', () => {
  const given = Object.values(settingTable).flatMap((setting) =>
    'default' in setting ? [[setting.env, String(setting.default)] as const] : [],
  );
  const { segmentAgeMs, ...settings } = readSettings(Object.fromEntries(given)) as Settings;
  const { segmentAgeMs: inDevelopment, ...byDefault } = readSettings({}) as Settings;
  expect([segmentAgeMs, inDevelopment]).toEqual([10_000, 1_000]);
  expect(settings).toEqual(byDefault);
});

test('the file of tenants on the page is a good one', () => {
  const yaml = /```yaml\n([^`]+)```/.exec(configurationPage())?.[1] ?? '';
  const file = parseTenants(yaml, '.yaml');
  expect(hasProblems(file) ? file.problems : [...file.tenants.keys()]).toEqual(['acme']);
});
