import { allMetrics } from '@weir/core/telemetry-names';
import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import type { Manifest, ManifestObject } from '../delivery/manifest.ts';
import type { SpoolStatus } from '../spool/spool.ts';
import { type PutOutcome, type Store, StoreError } from '../store/store.ts';
import { formatTraces } from '../telemetry/start-telemetry.ts';
import { HttpDurations } from './http-durations.ts';
import { formatMetric } from './metric-kinds.ts';
import { Metrics } from './metrics.ts';
import { CostMetrics } from './metrics-cost.ts';
import { formatStore } from './metrics-governor.ts';
import { LimiterMetrics } from './metrics-limiter.ts';
import { meteredStore } from './metrics-store.ts';
import { ProcessGauges } from './process-gauges.ts';
import { RoomGauges } from './room-gauges.ts';

const emptySpool: SpoolStatus = {
  requests: 0,
  events: 0,
  bytes: 0,
  segments: 0,
  queued: new Map(),
  oldestMs: 0,
  recovered: new Map(),
  quarantined: new Map(),
  quarantinedSegments: [],
  idempotencyWindowMs: 600_000,
};

function read(metrics: Metrics, spool: Partial<SpoolStatus> = {}, more?: string) {
  const text = metrics.render({
    spool: { ...emptySpool, ...spool },
    ...(more === undefined ? {} : { more }),
  });
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    const found = /^([a-z_]+(?:\{.*\})?) (\S+)$/.exec(line);
    if (found !== null) samples.set(found[1] as string, Number(found[2]));
  }
  return { text, value: (series: string) => samples.get(series) };
}

function manifestOf(...objects: Partial<ManifestObject>[]): Manifest {
  const object = { key: 'k', state: 'stored', events: 0, bytes: 0, contentBytes: 0 } as const;
  const times = { sha256: '', firstTime: '', lastTime: '' };
  return {
    version: 1,
    writer: 'w',
    segment: 1,
    sealedAt: '',
    objects: objects.map((given) => ({ ...object, ...times, tenants: {}, ...given })),
  };
}

test('every metric has one HELP and one TYPE line, and each sample belongs to the one above', () => {
  const gauges = new ProcessGauges(new VirtualWorld({ seed: 1 }));
  const metrics = new Metrics();
  const governor = { limit: 8, underWay: 2, waiting: 1, stopped: undefined };
  const limiter = new LimiterMetrics().format({ isTroubled: true, servers: 2 });
  const store = `${new CostMetrics(0.005).format()}${formatStore(0, governor)}${limiter}`;
  const bounds = { requests: 1, maxRequests: 4, bytes: 3, maxBytes: 4 };
  const room = new RoomGauges({ room: bounds, directory: '.', minFreeBytes: 7 });
  const http = new HttpDurations(new VirtualWorld({ seed: 1 }));
  const process = `${formatTraces(0, 0)}${room.format()}${gauges.format()}${http.format()}`;
  const { text, value } = read(metrics, {}, `${store}${process}`);
  gauges.close();
  http.stop();
  expect(value('weir_spool_full_ratio')).toBe(0.75);
  expect(value('weir_spool_disk_free_bytes')).toBeGreaterThan(0);
  expect(value('weir_spool_disk_kept_bytes')).toBe(7);

  const all = Object.values(allMetrics);
  expect(
    text
      .match(/^# TYPE \S+/gm)
      ?.map((line) => line.slice(7))
      .sort(),
  ).toEqual(all.map(({ name }) => name).sort());
  let current = '';
  for (const line of text.trimEnd().split('\n')) {
    current = /^# HELP (\S+) /.exec(line)?.[1] ?? current;
    if (line.startsWith('#')) continue;
    const [, name = '', value] = /^([a-z_]+)(?:\{[^{}]*\})? (\S+)$/.exec(line) ?? [];
    expect(name.replace(/_(?:bucket|sum|count)$/, '')).toBe(current);
    expect(Number(value)).not.toBeNaN();
  }
});

test('names are those of Prometheus: a unit last, _total on counters, each once', () => {
  const all = Object.values(allMetrics);
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  for (const { name, type, unit } of all) {
    expect(name).toMatch(/^[a-z][a-z_]+$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    const suffix = { s: '_seconds', By: '_bytes', '1': '' }[unit];
    expect(name.replace(/_total$/, '').endsWith(suffix)).toBe(true);
  }
});

test('labels and help are escaped', () => {
  const metric = { name: 'm', type: 'gauge', unit: '1', help: 'a\\b\nc', labels: ['x'] } as const;
  const text = formatMetric(metric, [{ labels: ['"q"\\\n'], value: 1 }]);
  expect(text).toBe('# HELP m a\\\\b\\nc\n# TYPE m gauge\nm{x="\\"q\\"\\\\\\n"} 1\n');
});

test('requests are counted by outcome, and outcomes that have not happened are at 0', () => {
  const metrics = new Metrics();
  metrics.request('accepted');
  metrics.request('accepted');
  metrics.request('rate_limited');
  const { value } = read(metrics);
  expect(value('weir_requests_total{code="accepted"}')).toBe(2);
  expect(value('weir_requests_total{code="rate_limited"}')).toBe(1);
  expect(value('weir_requests_total{code="over_capacity"}')).toBe(0);
});

test('rejected events are counted by reason', () => {
  const metrics = new Metrics();
  metrics.rejected('too_deep');
  expect(read(metrics).value('weir_events_rejected_total{reason="too_deep"}')).toBe(1);
});

test('commits are counted by how long they took and how many shared them', () => {
  const metrics = new Metrics();
  metrics.commit(1.5, 40);
  metrics.commit(3, 1);
  metrics.commit(60_000, 5_000);
  const { value } = read(metrics);
  expect(value('weir_commit_seconds_bucket{le="0.001"}')).toBe(0);
  expect(value('weir_commit_seconds_bucket{le="0.002"}')).toBe(1);
  expect(value('weir_commit_seconds_bucket{le="0.004"}')).toBe(2);
  expect(value('weir_commit_seconds_bucket{le="+Inf"}')).toBe(3);
  expect(value('weir_commit_seconds_count')).toBe(3);
  expect(value('weir_commit_seconds_sum')).toBe(60.0045);
  expect(value('weir_commit_requests_bucket{le="64"}')).toBe(2);
  expect(value('weir_commit_requests_sum')).toBe(5_041);
});

test('the spool and the idempotency window are shown as they are', () => {
  const { value } = read(new Metrics(), {
    requests: 3,
    bytes: 70,
    oldestMs: 2_500,
    failed: 'disk full',
    quarantinedSegments: ['/a'],
  });
  expect(value('weir_spool_requests')).toBe(3);
  expect(value('weir_spool_bytes')).toBe(70);
  expect(value('weir_spool_oldest_seconds')).toBe(2.5);
  expect(value('weir_spool_failed')).toBe(1);
  expect(value('weir_spool_quarantined_segments')).toBe(1);
  expect(value('weir_idempotency_window_seconds')).toBe(600);
});

test('the ledger adds up, in total and by tenant', () => {
  const metrics = new Metrics();
  metrics.accepted('acme', 10);
  metrics.accepted('blue', 5);
  metrics.delivered({
    manifest: manifestOf(
      { tenants: { acme: 6, blue: 1 }, bytes: 100, contentBytes: 1_000 },
      { state: 'dead', tenants: { acme: 2 }, bytes: 10, contentBytes: 50 },
    ),
    tookMs: 20,
  });
  const spool = {
    recovered: new Map([['acme', 3]]),
    queued: new Map([
      ['acme', 4],
      ['blue', 4],
    ]),
    quarantined: new Map([['acme', 1]]),
  };
  const { value } = read(metrics, spool);
  expect(value('weir_ledger_events{term="accepted"}')).toBe(15);
  expect(value('weir_ledger_events{term="stored"}')).toBe(7);
  expect(value('weir_ledger_difference')).toBe(0);
  expect(value('weir_tenant_ledger_events{tenant="acme",term="recovered"}')).toBe(3);
  expect(value('weir_tenant_ledger_events{tenant="blue",term="queued"}')).toBe(4);
  expect(value('weir_tenant_ledger_difference{tenant="acme"}')).toBe(0);
  expect(value('weir_objects_total{state="dead"}')).toBe(1);
  expect(value('weir_object_bytes_total')).toBe(110);
  expect(value('weir_events_accepted_total')).toBe(15);

  const lost = read(metrics, { ...spool, queued: new Map([['acme', 4]]) });
  expect(lost.value('weir_ledger_difference')).toBe(4);
  expect(lost.value('weir_tenant_ledger_difference{tenant="blue"}')).toBe(4);
});

test('the hundred busiest tenants are named, all others counted together', () => {
  const metrics = new Metrics();
  for (let i = 0; i < 150; i += 1) metrics.accepted(`t${i}`, i + 1);
  const { text, value } = read(metrics);
  expect(value('weir_tenant_ledger_events{tenant="t149",term="accepted"}')).toBe(150);
  expect(value('weir_tenant_ledger_events{tenant="t50",term="accepted"}')).toBe(51);
  expect(value('weir_tenant_ledger_events{tenant="t49",term="accepted"}')).toBeUndefined();
  expect(value('weir_tenant_ledger_events{tenant="_other",term="accepted"}')).toBe(1_275);
  expect(text.match(/^weir_tenant_ledger_difference/gm)).toHaveLength(101);
});

test('tenants beyond the bound are still part of the sum', () => {
  const metrics = new Metrics();
  for (let i = 0; i < 100_050; i += 1) metrics.accepted(`t${i}`, 1);
  const queued = new Map(Array.from({ length: 100_050 }, (_, i) => [`t${i}`, 1] as const));
  const { value } = read(metrics, { queued });
  expect(value('weir_ledger_events{term="accepted"}')).toBe(100_050);
  expect(value('weir_ledger_difference')).toBe(0);
});

test('every write to the store is counted by its outcome, also one that throws', async () => {
  const metrics = new Metrics();
  const world = new VirtualWorld({ seed: 1 });
  const outcomes: (PutOutcome | Error)[] = [
    'created',
    'same',
    new StoreError('refused', 'no'),
    new Error('reset'),
  ];
  const bare = {
    async put() {
      world.advance(30);
      const outcome = outcomes.shift() as PutOutcome | Error;
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  } as unknown as Store;
  const store = meteredStore(bare, metrics, world);
  const content = { contentSha256: '', contentBytes: 0, codec: 'none' } as const;
  const put = () => store.put('k', new Uint8Array(7), content, new AbortController().signal);

  expect(await put()).toBe('created');
  expect(await put()).toBe('same');
  await expect(put()).rejects.toThrow('no');
  await expect(put()).rejects.toThrow('reset');
  const { value } = read(metrics);
  for (const outcome of ['created', 'same', 'refused', 'trouble']) {
    expect(value(`weir_store_puts_total{outcome="${outcome}"}`)).toBe(1);
  }
  expect(value('weir_store_put_bytes_total')).toBe(28);
  expect(value('weir_store_put_seconds_sum')).toBe(0.12);
});

test('the cost of storing is told for each million events, tries included', () => {
  const cost = new CostMetrics(0.005);
  const value = (name: string) =>
    Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(cost.format())?.[1]);
  expect(value('weir_store_dollars_per_million_events')).toBe(0);
  for (let i = 0; i < 4; i += 1) cost.put(1_000);
  cost.delivered({ manifest: manifestOf({ events: 1_500 }, { events: 500 }) });
  expect(value('weir_store_puts_per_million_events')).toBe(2_000);
  expect(value('weir_store_per_million_events_bytes')).toBe(2_000_000);
  expect(value('weir_store_dollars_per_million_events')).toBeCloseTo(0.01);
  expect(value('weir_store_put_dollars_total')).toBeCloseTo(0.000_02);
});

test('a store that is out of order, or asks for less, shows', () => {
  const stopped = { limit: 1, underWay: 0, waiting: 3, stopped: 'nothing listens' };
  expect(formatStore(2, stopped)).toContain('weir_store_stopped 1\n');
  expect(formatStore(2, stopped)).toContain('weir_stuck_segments 2\n');
  expect(formatStore(2, undefined)).not.toContain('weir_store_stopped');
});
