import type { RefusalCode } from '@weir/core/wire/refusal';
import { systemWorld } from '@weir/core/world/system';
import type { Files } from '@weir/segment-log/files';
import { nodeFiles } from '@weir/segment-log/node-files';
import { app } from './app.ts';
import { openArrivalTrace } from './arrival-trace.ts';
import type { Settings } from './config.ts';
import { RefusalBook } from './console/refusal-book.ts';
import type { DeliveryEvents } from './delivery/delivery-events.ts';
import { ThreadPacker } from './delivery/packer.ts';
import { drain } from './drain.ts';
import { startGuards } from './guards/start-guards.ts';
import { startLimiter } from './limiter/start-limiter.ts';
import { type ListenOptions, listen } from './listen.ts';
import type { Log } from './log.ts';
import { loggedDelivery } from './logged-delivery.ts';
import { HttpDurations } from './metrics/http-durations.ts';
import { Metrics } from './metrics/metrics.ts';
import { startOperations } from './operations.ts';
import { hasProblems, type Problems } from './problems.ts';
import { Receipts } from './reading/receipts.ts';
import { connectRedis, type RedisConnection } from './redis/connect.ts';
import { Replies } from './reply.ts';
import { placesIn } from './settings/read-settings.ts';
import { spoolOptions } from './settings/spool-options.ts';
import { type DiskSpoolDeps, openDiskSpool } from './spool/disk.ts';
import { openMemorySpool } from './spool/memory.ts';
import type { Spool } from './spool/spool.ts';
import { startStore } from './store/start-store.ts';
import type { Store } from './store/store.ts';
import { StoredWaits } from './stored-waits.ts';
import { startTelemetry } from './telemetry/start-telemetry.ts';
import { openKeys } from './tenants/open-keys.ts';
import { deliver } from './workers.ts';

const world = systemWorld;
const headerMs = 10_000;
const keepAliveMs = 65_000;
const backoff = { firstMs: 20, longestMs: 30_000 };
const receiptCaches = {
  manifests: { entries: 1_000, bytes: 16 * 2 ** 20 },
  indexes: { entries: 100, bytes: 16 * 2 ** 20 },
};

/** What a test may put around the real thing. */
export interface Wrappers {
  readonly store?: (store: Store) => Store;
  readonly files?: (files: Files) => Files;
  /** How long a server is silent before another takes over its idempotency keys. */
  readonly silentMs?: number;
}

/** A server that runs. */
export interface RunningServer {
  readonly port: number;
  readonly adminPort: number;
  /** Only without a tenants file. */
  readonly devKey: string | undefined;
  /** Finishes what is under way, delivers what it can within `WEIR_DRAIN_MS`, and lets go of all. */
  stop(): Promise<void>;
}

/** Chooses the adapters, wires them, and listens: the only place that does. */
export async function start(
  settings: Settings,
  log: Log,
  wrap: Wrappers = {},
): Promise<RunningServer | Problems> {
  const metrics = new Metrics();
  const watch = await openArrivalTrace(settings, { world, log });
  if (hasProblems(watch)) return watch;
  const opened = await openKeys(settings, world, log);
  if (hasProblems(opened)) return opened;

  const shown = { metrics: () => '' };
  const telemetry = await startTelemetry(settings, { world, log, shown });
  const redis = openRedis(settings);
  const limits = await startLimiter(redis, { world, log, deadlineMs: settings.redisDeadlineMs });
  const watched = watch(limits.limiter);
  const around = (store: Store): Store => telemetry.wrapStore(wrap.store?.(store) ?? store);
  const stored = await startStore(settings, { world, log, metrics, wrap: around });
  const { store, writesAtOnce } = stored;
  const files = wrap.files?.(nodeFiles) ?? nodeFiles;
  const warn = (message: string): void => log.warn(message);
  const spool = await openSpool(settings, { files, warn, counts: metrics });
  const waits = new StoredWaits(spool, world);

  const state = { draining: false };
  const isDraining = (): boolean => state.draining;
  const delivery = startDelivery(settings, { spool, store, writesAtOnce }, [
    ...stored.listeners,
    ...telemetry.listeners,
    metrics,
    { delivered: ({ manifest }) => waits.delivered(manifest.writer, manifest.segment) },
    loggedDelivery(log, world),
  ]);

  const receipts = new Receipts(spool, store, { ...receiptCaches, traceOf: telemetry.traceOf });
  const refusals = new RefusalBook(world);
  const routes = app({
    world,
    ingest: telemetry.ingest,
    limiter: watched.limiter,
    ...startGuards(settings, { ...wrap, ...opened, spool, world, counts: metrics, redis, log }),
    waits,
    receipts,
    replies: makeReplies(settings, { metrics, refusals, isDraining }),
    counts: metrics,
    idleMs: settings.idleMs,
    longestWaitSeconds: settings.maxWaitMs / 1_000,
    corsOrigins: settings.corsOrigins,
    onUnexpected: (error, path) => log.error({ err: error, path }, 'a request failed'),
  });
  const onRefused = (code: RefusalCode): void => metrics.request(code);
  const durations = new HttpDurations(world);
  const onRequest: ListenOptions['onRequest'] = (response) => durations.started(response);
  const http = await listen(routes, { ...placeIn(settings), onRefused, onRequest });

  const operations = await startOperations(settings, {
    ...{ world, metrics, spool, receipts, refusals, opened, isDraining, publicPort: http.port },
    limiter: limits.limiter,
    parts: [durations, stored, opened, limits, telemetry],
  });
  shown.metrics = () => operations.metrics();

  return {
    port: http.port,
    adminPort: operations.port,
    devKey: opened.devKey,
    /** In reverse order of starting; the admin port last, so that a probe can watch. */
    async stop() {
      state.draining = true;
      waits.end();
      await drain({ http, spool, world, log }, settings);
      const rest = [delivery, stored, closing(spool), watched, limits, opened, telemetry];
      for (const part of rest) await part.stop();
      await operations.close();
    },
  };
}

function placeIn({ host, port }: Settings): ListenOptions {
  return { host, port, headerMs, keepAliveMs, world };
}

function closing(part: { close(): Promise<void> }): { stop(): Promise<void> } {
  return { stop: () => part.close() };
}

interface RepliesParts {
  readonly metrics: Metrics;
  readonly refusals: RefusalBook;
  readonly isDraining: () => boolean;
}

function makeReplies({ rateHeaders }: Settings, parts: RepliesParts): Replies {
  const { metrics, refusals, isDraining } = parts;
  const onRefused: RefusalBook['note'] = (refusal, caller) => refusals.note(refusal, caller);
  return new Replies({ world, rateHeaders, counts: metrics, onRefused, isDraining });
}

function openRedis({ redisUrls: urls, redisCluster }: Settings): RedisConnection | undefined {
  return urls.length === 0 ? undefined : connectRedis({ urls, isCluster: redisCluster, world });
}

function openSpool(settings: Settings, deps: Omit<DiskSpoolDeps, 'world'>): Promise<Spool> {
  const options = spoolOptions(settings);
  const { spool: directory } = placesIn(settings);
  return settings.spool === 'memory'
    ? openMemorySpool(options, world)
    : openDiskSpool({ ...options, directory }, { world, ...deps });
}

function startDelivery(
  { maxWorkers }: Settings,
  parts: { readonly spool: Spool; readonly store: Store; readonly writesAtOnce: number },
  listeners: readonly Partial<DeliveryEvents>[],
): { stop(): Promise<void> } {
  const packer = new ThreadPacker();
  const stopping = new AbortController();
  const events: DeliveryEvents = {
    delivered: (delivery) => {
      for (const listener of listeners) listener.delivered?.(delivery);
    },
    retried: (segment, error) => {
      for (const listener of listeners) listener.retried?.(segment, error);
    },
    dead: (key, reason) => {
      for (const listener of listeners) listener.dead?.(key, reason);
    },
    alarm: (key, detail) => {
      for (const listener of listeners) listener.alarm?.(key, detail);
    },
  };
  const ended = deliver({ ...parts, packer, world, events, maxWorkers, backoff }, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await ended;
      await packer.close();
    },
  };
}
