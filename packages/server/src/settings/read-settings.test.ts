import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { Settings } from '../config.ts';
import { placesIn, readSettings } from './read-settings.ts';

const problemsOf = (env: Record<string, string>, file: Record<string, unknown> = {}) => {
  const read = readSettings(env, file);
  return 'problems' in read ? read.problems : [];
};
const settingsOf = (env: Record<string, string>, file: Record<string, unknown> = {}) => {
  const read = readSettings(env, file);
  if ('problems' in read) throw new Error(read.problems.join('\n'));
  return read;
};

test('the embedded defaults are those of the documentation', () => {
  expect(settingsOf({})).toMatchObject({
    port: 8080,
    host: '127.0.0.1',
    adminPort: 8081,
    dataDir: resolve('./data'),
    maxWorkers: 2,
    maxQueue: 1_000_000,
    maxQueueBytes: 2 * 1024 ** 3,
    maxBodyBytes: 8 * 1024 ** 2,
    maxDecodedBytes: 32 * 1024 ** 2,
    maxEventBytes: 256 * 1024,
    maxEvents: 10_000,
    idleMs: 10_000,
    maxWaitMs: 60_000,
    drainMs: 30_000,
    segmentBytes: 32 * 1024 ** 2,
    corsOrigins: [],
    rateHeaders: true,
  } satisfies Partial<Settings>);
});

test('segments are sealed sooner while there is no tenants file', () => {
  expect(settingsOf({}).segmentAgeMs).toBe(1_000);
  expect(settingsOf({ WEIR_TENANTS: 'tenants.json' }).segmentAgeMs).toBe(10_000);
  expect(settingsOf({}, { WEIR_TENANTS: 'tenants.json' }).segmentAgeMs).toBe(10_000);
  expect(settingsOf({ WEIR_SEGMENT_AGE_MS: '50' }).segmentAgeMs).toBe(50);
});

test('the environment goes before the file, and an empty variable counts as not set', () => {
  const file = { MAX_WORKERS: 3, WEIR_RATE_HEADERS: false };
  expect(settingsOf({ MAX_WORKERS: '5' }, file)).toMatchObject({
    maxWorkers: 5,
    rateHeaders: false,
  });
  expect(settingsOf({ MAX_WORKERS: '' }, file).maxWorkers).toBe(3);
});

test('sizes are plain bytes or carry a unit', () => {
  const read = (size: string | number) =>
    settingsOf({}, { WEIR_MIN_FREE_BYTES: size }).minFreeBytes;
  expect([read(70), read('70'), read('1.5 KiB'), read('2MiB'), read('1 GiB')]).toEqual([
    70,
    70,
    1_536,
    2 * 1024 ** 2,
    1024 ** 3,
  ]);
});

test('everything that is wrong is listed at once, with what was expected and given', () => {
  const env = { PORT: '70000', WEIR_MAX_BODY_BYTES: '8 MB', WEIR_SPOOL: 'tape' };
  const file = { MAX_WORKERS: 1.5, WEIR_IDLE_MS: '10s', WEIR_RATE_HEADERS: 'maybe', MAX_WORKER: 3 };
  expect(problemsOf(env, file)).toEqual([
    '"MAX_WORKER": no such setting',
    'PORT: expected a whole number from 0 to 65535, given "70000"',
    'WEIR_SPOOL: expected one of disk, memory, given "tape"',
    'MAX_WORKERS: expected a whole number from 0 to 256, given 1.5',
    'WEIR_MAX_BODY_BYTES: expected a size from 1 B to 1 GiB (bytes, or with KiB, MiB, GiB), given "8 MB"',
    'WEIR_IDLE_MS: expected whole milliseconds from 10 to 3600000, given "10s"',
    'WEIR_RATE_HEADERS: expected on or off, given "maybe"',
  ]);
});

test('without a tenants file only this machine may call', () => {
  for (const HOST of ['0.0.0.0', '::', '10.0.0.1', 'example.com', '127.evil.example']) {
    expect(problemsOf({ HOST })).toEqual([expect.stringMatching(/^HOST: expected 127\.0\.0\.1/)]);
    expect(problemsOf({ HOST, WEIR_TENANTS: 't.json' })).toEqual([]);
  }
  for (const HOST of ['127.0.0.1', '127.8.8.8', '::1', 'localhost']) {
    expect(problemsOf({ HOST })).toEqual([]);
  }
});

test('settings that contradict each other are named', () => {
  expect(problemsOf({ PORT: '9000', WEIR_ADMIN_PORT: '9000' })).toHaveLength(1);
  expect(problemsOf({ PORT: '0', WEIR_ADMIN_PORT: '0' })).toEqual([]);
  const memory = problemsOf({ WEIR_MAX_BODY_MEMORY: '16 MiB' });
  expect(memory).toEqual([expect.stringContaining('at least WEIR_MAX_BODY_BYTES and')]);
  expect(problemsOf({ WEIR_CODEC: 'gzip', WEIR_CODEC_LEVEL: '10' })).toHaveLength(1);
  expect(problemsOf({ WEIR_CODEC: 'zstd', WEIR_CODEC_LEVEL: '10' })).toEqual([]);
  expect(problemsOf({ WEIR_OBJECT_TEMPLATE: '{tenant}/{writer}' })).toEqual([
    'WEIR_OBJECT_TEMPLATE: needs {segment}, or names would repeat, given "{tenant}/{writer}"',
  ]);
  const long = `${'x'.repeat(250)}/`.repeat(3);
  const template = { WEIR_OBJECT_TEMPLATE: `${long}{tenant}/{writer}-{segment}` };
  expect(problemsOf({ ...template, S3_PREFIX: 'p'.repeat(200) })).toEqual([]);
  expect(problemsOf({ ...template, S3_PREFIX: 'p'.repeat(200), S3_BUCKET: 'events' })).toEqual([
    expect.stringMatching(/^WEIR_OBJECT_TEMPLATE: makes keys of 1\d{3} bytes, at most 1024/),
  ]);
});

test('origins are a list, and each of them is looked at', () => {
  const { corsOrigins } = settingsOf({ WEIR_CORS_ORIGINS: 'https://a.example, http://b:8000' });
  expect(corsOrigins).toEqual(['https://a.example', 'http://b:8000']);
  expect(problemsOf({ WEIR_CORS_ORIGINS: 'https://a.example/,b' })).toHaveLength(2);
});

test('a problem shows no secret', () => {
  const secret = 'x'.repeat(43);
  const given = `weir_abcdefghijkl_${secret} redis://user:hunter2@host`;
  const [problem] = problemsOf({ PORT: given });
  expect(problem).toContain('weir_abcdefghijkl_(hidden)');
  expect(problem).not.toContain(secret);
  expect(problem).not.toContain('hunter2');
});

test('settings cannot be changed once they are read', () => {
  expect(Object.isFrozen(settingsOf({}))).toBe(true);
});

test('spool, objects and the development key lie in the data folder', () => {
  expect(placesIn(settingsOf({ WEIR_DATA_DIR: '/srv/weir' }))).toEqual({
    spool: '/srv/weir/spool',
    store: '/srv/weir/store',
    devKey: '/srv/weir/dev-key',
  });
});

test('addresses of collectors are addresses, and hold no password, which is not shown either', () => {
  const url = 'http://me:hush@127.0.0.1:4318';
  const problems = problemsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: url, JAEGER_URL: 'not an address' });
  expect(problems).toHaveLength(2);
  expect(problems.join()).toContain('OTEL_EXPORTER_OTLP_ENDPOINT: expected an address');
  expect(problems.join()).toContain('JAEGER_URL: expected an address');
  expect(problems.join()).not.toContain('hush');
  const fine = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example.com/otlp' };
  expect(settingsOf(fine).otlpEndpoint).toBe(fine.OTEL_EXPORTER_OTLP_ENDPOINT);
});
