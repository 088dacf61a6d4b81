import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { attributeNames } from '@weir/core/server-spans';
import { allMetrics } from '@weir/core/telemetry-names';
import { refusals } from '@weir/core/wire/refusal';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { whyNoPrometheus } from './support/real-prometheus.ts';

// What is shipped for operators speaks of what there is: metrics, labels, codes, pages.

const root = fileURLToPath(new URL('../', import.meta.url));
const read = (path: string): Promise<string> => readFile(`${root}${path}`, 'utf8');

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly annotations?: { readonly runbook_url?: string; readonly summary?: string };
}

async function rules(): Promise<Rule[]> {
  const { groups } = parse(await read('otel/alerts.yaml')) as { groups: { rules: Rule[] }[] };
  return groups.flatMap((group) => group.rules);
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

async function panels(): Promise<Panel[]> {
  const text = await read('otel/grafana/dashboards/weir.json');
  return (JSON.parse(text) as { panels: Panel[] }).panels;
}

const metricForm = /\b(?:weir|process|nodejs|http_server)_[a-z_]+/g;

function metricsIn(text: string): string[] {
  return (text.match(metricForm) ?? []).map((name) =>
    name in allMetrics ? name : name.replace(/_(?:bucket|sum|count)$/, ''),
  );
}

/** Label names of `{…}` and of `by (…)`, and those of a legend. */
function labelsIn(text: string): string[] {
  const selectors = [...text.matchAll(/\{([^{}]*)\}/g)].flatMap(([, inner = '']) =>
    [...inner.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
  );
  const groups = [...text.matchAll(/\b(?:by|ignoring|on)\s*\(([^)]*)\)/g)].flatMap(
    ([, inner = '']) => inner.split(',').map((label) => label.trim()),
  );
  const legends = [...text.matchAll(/\{\{([a-z_]+)\}\}/g)].map(([, label = '']) => label);
  return [...selectors, ...groups, ...legends];
}

const scraped = new Set(['job', 'instance', 'le']);

function expectKnown(text: string): void {
  const names = metricsIn(text);
  for (const name of names) expect(allMetrics, name).toHaveProperty(name);
  const labels = new Set(names.flatMap((name) => allMetrics[name]?.labels ?? []));
  for (const label of labelsIn(text)) {
    expect(scraped.has(label) || labels.has(label), `${label} in ${text}`).toBe(true);
  }
}

test('every alert asks for metrics and labels that there are', async () => {
  for (const { expr, alert, record } of await rules()) {
    expectKnown(expr);
    const asks = metricsIn(expr).length > 0 || /\bup\{|weir:/.test(expr);
    expect(asks, alert ?? record).toBe(true);
  }
});

test('codes in alerts are codes of refusals, and all failures of ours are among them', async () => {
  const all = await rules();
  const codes = all.flatMap(({ expr }) =>
    [...expr.matchAll(/code=~?"([^"]+)"/g)].flatMap(([, list = '']) => list.split('|')),
  );
  for (const code of codes) expect(refusals).toHaveProperty(code);
  const failures = Object.entries(refusals).filter(([, { status }]) => status >= 500);
  for (const [code] of failures) {
    // A server that stops, and a repeat under way, are no failures: the sender's next try passes.
    if (code !== 'draining' && code !== 'repeat_under_way') expect(codes).toContain(code);
  }
});

test('every alert has its page, and every page its alert', async () => {
  const alerts = (await rules()).filter(({ alert }) => alert !== undefined);
  const pages = new Set<string>();
  for (const { alert, annotations } of alerts) {
    const page = annotations?.runbook_url ?? '';
    expect(await read(page), page).toContain(`# ${alert}\n`);
    pages.add(page);
  }
  const files = (await readdir(`${root}docs/runbooks`)).filter((file) => file !== 'README.md');
  expect(files.map((file) => `docs/runbooks/${file}`).sort()).toEqual([...pages].sort());
  const index = await read('docs/runbooks/README.md');
  for (const { alert } of alerts) expect(index).toContain(`[${alert}]`);
});

test('every panel asks for metrics and labels that there are, and every metric has a panel', async () => {
  const shown = new Set<string>();
  for (const { title, targets = [] } of await panels()) {
    for (const { expr, legendFormat } of targets) {
      expectKnown(`${expr} ${legendFormat}`);
      for (const name of metricsIn(expr)) shown.add(name);
      expect(metricsIn(expr).length, title).toBeGreaterThan(0);
    }
  }
  expect([...shown].sort()).toEqual(Object.keys(allMetrics).sort());
});

test('pages name no metric that there is not', async () => {
  const files = await readdir(`${root}docs/runbooks`);
  const pages = ['otel/README.md', ...files.map((file) => `docs/runbooks/${file}`)];
  for (const page of pages) {
    for (const name of metricsIn(await read(page))) {
      expect(allMetrics, `${name} in ${page}`).toHaveProperty(name);
    }
  }
});

test.each(['otel/jaeger.yaml', 'otel/collector.yaml'])(
  '%s is whole, and samples by what weir says',
  async (file) => {
    const config = parse(await read(file)) as Record<string, Record<string, unknown>> & {
      service: { pipelines: Record<string, Record<string, string[]>>; extensions?: string[] };
    };
    for (const pipeline of Object.values(config.service.pipelines)) {
      for (const [kind, parts] of Object.entries(pipeline)) {
        for (const part of parts) expect(config[kind], `${kind}: ${part}`).toHaveProperty(part);
      }
    }
    for (const part of config.service.extensions ?? []) {
      expect(config.extensions).toHaveProperty(part);
    }
    const keys = [...(await read(file)).matchAll(/key: (weir\.[a-z_.]+)/g)].map(([, key]) => key);
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) expect(Object.values(attributeNames)).toContain(key);
  },
);

const missing = whyNoPrometheus();
test.skipIf(missing !== undefined && process.env.CI !== 'true')(
  'promtool finds configuration and rules right, and each alert raised by its trouble alone',
  async () => {
    if (missing !== undefined) throw new Error(missing);
    const run = (...args: string[]) => promisify(execFile)('promtool', args, { cwd: root });
    await run('check', 'config', 'otel/prometheus.yaml');
    await run('check', 'config', 'otel/prometheus.compose.yaml');
    await run('check', 'rules', 'otel/alerts.yaml');
    const { stdout } = await run('test', 'rules', 'otel/alerts.test.yaml');
    expect(stdout).toContain('SUCCESS');
  },
);

test('every alert is tested both ways', async () => {
  const text = await read('otel/alerts.test.yaml');
  for (const { alert } of await rules()) {
    if (alert === undefined) continue;
    const [quiet, troubled] = text.split('each trouble raises its own');
    expect(quiet).toContain(`alertname: ${alert},`);
    expect(troubled).toContain(`alertname: ${alert}\n`);
  }
});
