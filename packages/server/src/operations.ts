import type { World } from '@weir/core/world/world';
import { admin, type ReadyReason } from './admin.ts';
import type { Settings } from './config.ts';
import type { RefusalBook } from './console/refusal-book.ts';
import type { Limiter } from './limiter/limiter.ts';
import { listen } from './listen.ts';
import type { Metrics } from './metrics/metrics.ts';
import { ProcessGauges } from './metrics/process-gauges.ts';
import { RoomGauges } from './metrics/room-gauges.ts';
import type { Receipts } from './reading/receipts.ts';
import { readyReasons } from './ready-reasons.ts';
import type { Spool } from './spool/spool.ts';
import type { OpenKeys } from './tenants/open-keys.ts';

/** A part of the server that knows how it is. */
interface Part {
  reasons?(): readonly ReadyReason[];
  format?(): string;
}

export interface OperationsDeps {
  readonly world: World;
  readonly metrics: Metrics;
  readonly spool: Spool;
  readonly receipts: Receipts;
  readonly refusals: RefusalBook;
  readonly limiter: Limiter;
  readonly opened: OpenKeys;
  /** All that has something to say of itself. */
  readonly parts: readonly Part[];
  readonly isDraining: () => boolean;
  readonly publicPort: number;
}

/** The admin port as it runs. */
export interface Operations {
  readonly port: number;
  /** The text of `/metrics`, now. */
  metrics(): string;
  close(): Promise<void>;
}

const headerMs = 10_000;
const keepAliveMs = 65_000;

/** Gathers what the parts say, and serves it on the admin port. */
export async function startOperations(
  settings: Settings,
  deps: OperationsDeps,
): Promise<Operations> {
  const { world, spool, parts, isDraining, opened, limiter, receipts, refusals } = deps;
  const { minFreeBytes, dataDir: directory, jaegerUrl, jaegerPageUrl } = settings;
  const gauges = new ProcessGauges(world);
  const room = new RoomGauges({ room: spool.room, directory, minFreeBytes });
  const render = (more: readonly Part[]): string => {
    const text = more.map((part) => part.format?.() ?? '').join('');
    return deps.metrics.render({ spool: spool.status(), more: text });
  };
  const metrics = (): string => render([room, ...parts, gauges]);
  const reasons = (): ReadyReason[] => [
    ...readyReasons({ spool, isDraining }),
    ...parts.flatMap((part) => part.reasons?.() ?? []),
  ];
  const callers = () => opened.keys.callers();
  const routes = admin({
    reasons,
    metrics,
    publicUrl: `http://127.0.0.1:${deps.publicPort}`,
    console: { reasons, metrics, callers, limiter, refusals, receipts, jaegerUrl, jaegerPageUrl },
  });
  const { adminHost: host, adminPort: port } = settings;
  const listener = await listen(routes, { host, port, headerMs, keepAliveMs, world });
  return {
    port: listener.port,
    metrics,
    close() {
      gauges.close();
      listener.closeNow();
      return listener.close();
    },
  };
}
