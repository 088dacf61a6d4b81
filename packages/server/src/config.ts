import type { TunedPlans } from '@weir/core/tuned';
import { guardSettings } from './settings/guard-settings.ts';
import { redisSettings } from './settings/redis-settings.ts';
import type { Environment, ValuesOf } from './settings/setting-kinds.ts';
import { storeSettings } from './settings/store-settings.ts';
import { telemetrySettings } from './settings/telemetry-settings.ts';

const serverSettings = {
  port: {
    env: 'PORT',
    kind: 'count',
    default: 8080,
    min: 0,
    max: 65_535,
    about: 'Port of the HTTP interface; 0 takes a free one.',
  },
  host: {
    env: 'HOST',
    kind: 'text',
    default: '127.0.0.1',
    expected: 'an address to listen on',
    about: 'Address of the HTTP interface; without a tenants file it must be loopback.',
  },
  adminPort: {
    env: 'WEIR_ADMIN_PORT',
    kind: 'count',
    default: 8081,
    min: 0,
    max: 65_535,
    about: 'Port of the console page, `/livez`, `/readyz` and `/metrics`; 0 takes a free one.',
  },
  adminHost: {
    env: 'WEIR_ADMIN_HOST',
    kind: 'text',
    default: '127.0.0.1',
    expected: 'an address to listen on',
    about: 'Address of the admin port; it asks for no key, so keep it out of reach of strangers.',
  },
  dataDir: {
    env: 'WEIR_DATA_DIR',
    kind: 'path',
    default: './data',
    expected: 'a folder',
    about: 'Folder of all that is kept: the spool in `spool/`, objects in `store/`.',
  },
  tenantsFile: {
    env: 'WEIR_TENANTS',
    kind: 'path',
    expected: 'a JSON or YAML file',
    about: 'File of tenants, plans and keys; without it there is one development tenant.',
  },
  spool: {
    env: 'WEIR_SPOOL',
    kind: 'choice',
    of: 'disk|memory',
    default: 'disk',
    about: 'Where events wait for delivery; `memory` loses them when the process ends.',
  },
  maxWorkers: {
    env: 'MAX_WORKERS',
    kind: 'count',
    default: 2,
    min: 0,
    max: 256,
    about: 'How many segments are delivered at once; 0 takes events and delivers none.',
  },
  maxQueue: {
    env: 'MAX_QUEUE',
    kind: 'count',
    default: 1_000_000,
    min: 1,
    max: 1_000_000_000,
    about: 'Most requests accepted and not yet delivered; beyond, the answer is 503.',
  },
  maxQueueBytes: {
    env: 'WEIR_MAX_QUEUE_BYTES',
    kind: 'bytes',
    default: '2 GiB',
    min: '1 KiB',
    max: '1048576 GiB',
    about: 'Most bytes accepted and not yet delivered; beyond, the answer is 503.',
  },
  maxBodyMemory: {
    env: 'WEIR_MAX_BODY_MEMORY',
    kind: 'bytes',
    default: '128 MiB',
    min: '1 KiB',
    max: '1024 GiB',
    about: 'Most bytes of bodies being taken in at once; beyond, the answer is 503.',
  },
  minFreeBytes: {
    env: 'WEIR_MIN_FREE_BYTES',
    kind: 'bytes',
    default: '1 GiB',
    min: '0 B',
    max: '1048576 GiB',
    about: 'What the spool leaves free on its disk; below, the answer is 503.',
  },
  maxBodyBytes: {
    env: 'WEIR_MAX_BODY_BYTES',
    kind: 'bytes',
    default: '8 MiB',
    min: '1 B',
    max: '1 GiB',
    about: 'Largest body of a request, as it comes over the wire.',
  },
  maxDecodedBytes: {
    env: 'WEIR_MAX_DECODED_BYTES',
    kind: 'bytes',
    default: '32 MiB',
    min: '1 B',
    max: '1 GiB',
    about: 'Largest body of a request once it is decompressed.',
  },
  maxEventBytes: {
    env: 'WEIR_MAX_EVENT_BYTES',
    kind: 'bytes',
    default: '256 KiB',
    min: '1 B',
    max: '1 GiB',
    about: 'Largest single event.',
  },
  maxEvents: {
    env: 'WEIR_MAX_EVENTS',
    kind: 'count',
    default: 10_000,
    min: 1,
    max: 1_000_000,
    about: 'Most events in one request.',
  },
  idleMs: {
    env: 'WEIR_IDLE_MS',
    kind: 'ms',
    default: 10_000,
    min: 10,
    max: 3_600_000,
    about: 'A sender that is silent for so long in the middle of a body gets 408.',
  },
  maxWaitMs: {
    env: 'WEIR_MAX_WAIT_MS',
    kind: 'ms',
    default: 60_000,
    min: 0,
    max: 3_600_000,
    about: 'Longest `Prefer: wait` and `?wait=` that is honoured.',
  },
  drainMs: {
    env: 'WEIR_DRAIN_MS',
    kind: 'ms',
    default: 30_000,
    min: 0,
    max: 3_600_000,
    about: 'How long a stop may take; what is not delivered by then stays in the spool.',
  },
  drainGraceMs: {
    env: 'WEIR_DRAIN_GRACE_MS',
    kind: 'ms',
    default: 500,
    min: 0,
    max: 600_000,
    about: 'After a stop signal requests are still taken for so long, while `/readyz` says no.',
  },
  idempotencyMs: {
    env: 'WEIR_IDEMPOTENCY_MS',
    kind: 'ms',
    default: 600_000,
    min: 0,
    max: 86_400_000,
    about: 'How long a repeated `Idempotency-Key` gets its first reply again.',
  },
  idempotencyKeys: {
    env: 'WEIR_IDEMPOTENCY_KEYS',
    kind: 'count',
    default: 1_000_000,
    min: 1,
    max: 100_000_000,
    about: 'Most idempotency keys remembered; the oldest are forgotten first.',
  },
  segmentBytes: {
    env: 'WEIR_SEGMENT_BYTES',
    kind: 'bytes',
    default: '32 MiB',
    min: '1 KiB',
    max: '1 GiB',
    about: 'A segment of the spool is sealed at this size, and then delivered.',
  },
  segmentEvents: {
    env: 'WEIR_SEGMENT_EVENTS',
    kind: 'count',
    default: 1_000_000,
    min: 1,
    max: 1_000_000_000,
    about: 'A segment is sealed at this number of events.',
  },
  segmentAgeMs: {
    env: 'WEIR_SEGMENT_AGE_MS',
    kind: 'ms',
    default: 10_000,
    defaultInDevelopment: 1_000,
    min: 10,
    max: 3_600_000,
    about: 'A segment is sealed at this age, so that a lone event is not kept waiting.',
  },
  segmentObjects: {
    env: 'WEIR_SEGMENT_OBJECTS',
    kind: 'count',
    default: 16,
    min: 1,
    max: 1024,
    about: 'Most objects made of one segment; tenants beyond share `tenant=_mixed`.',
  },
  ownObjectBytes: {
    env: 'WEIR_OWN_OBJECT_BYTES',
    kind: 'bytes',
    default: '4 MiB',
    min: '0 B',
    max: '1 GiB',
    about: 'A tenant with less than this in a full segment shares `tenant=_mixed`.',
  },
  objectTemplate: {
    env: 'WEIR_OBJECT_TEMPLATE',
    kind: 'text',
    default: 'tenant={tenant}/dt={dt}/hour={hour}/{writer}-{segment}',
    expected: 'a relative path of {tenant}, {dt}, {hour} and, always, {writer} and {segment}',
    about: 'Names of objects, without the ending that tells their form.',
  },
  codec: {
    env: 'WEIR_CODEC',
    kind: 'choice',
    of: 'zstd|gzip|none|parquet',
    default: 'zstd',
    about: 'Form of objects: a JSON line an event, so compressed, or Parquet.',
  },
  codecLevel: {
    env: 'WEIR_CODEC_LEVEL',
    kind: 'count',
    default: 1,
    min: 1,
    max: 19,
    about: 'How hard to compress: 1 to 19 with zstd and Parquet, 1 to 9 with gzip.',
  },
  corsOrigins: {
    env: 'WEIR_CORS_ORIGINS',
    kind: 'list',
    default: '',
    expected: 'origins such as https://app.example.com, separated by commas, or *',
    about: 'Web pages of these origins may send events; none unless set.',
  },
  rateHeaders: {
    env: 'WEIR_RATE_HEADERS',
    kind: 'switch',
    default: 'on',
    about: 'Whether replies carry `RateLimit` and `RateLimit-Policy`.',
  },
  logLevel: {
    env: 'LOG_LEVEL',
    kind: 'choice',
    of: 'trace|debug|info|warn|error|fatal|silent',
    default: 'info',
    about: 'Least level of the log lines that are written.',
  },
} as const;

/** Every setting, once. `docs/configuration.md` is printed from it: `npm run docs:configuration`. */
export const settingTable: typeof serverSettings &
  typeof storeSettings &
  typeof guardSettings &
  typeof redisSettings &
  typeof telemetrySettings = {
  ...serverSettings,
  ...storeSettings,
  ...guardSettings,
  ...redisSettings,
  ...telemetrySettings,
};

/** All settings of a server, checked and complete. */
export type Settings = ValuesOf<typeof settingTable> & {
  /** Of the file that `weir-sim tune` wrote: bursts that go before those of the file of tenants. */
  readonly planBursts?: TunedPlans;
};

/** The only place that reads it. */
export const environment: Environment = process.env;
