import { once } from 'node:events';
import { IngestClient, isWeirError } from '@weir/client';
import { systemWorld } from '@weir/core/world/system';
import { type LiveTelemetry, startLiveTelemetry } from './live-telemetry.ts';

// A process of its own: one client of the SDK that always has something to send, one event a request.

/** First it is told where to; it sends one event, so that all is loaded and connected, and says so. */
export interface SenderTarget {
  readonly url: string;
  readonly key: string;
}

/** Then it is told for how long. */
export interface SenderOrder {
  readonly durationMs: number;
}

/** At the end of either it tells what there is to tell. */
export type SenderNews = { readonly is: 'ready' } | SenderReport | SenderTrouble;

export interface SenderTrouble {
  readonly is: 'trouble';
  readonly why: string;
}

export interface SenderReport {
  readonly is: 'report';
  readonly requests: number;
  readonly refused: number;
  readonly admitted: number;
  /** Of requests that were admitted, from wanting to send until the reply; whole µs. */
  readonly waitsUs: readonly number[];
}

const waitsAtMost = 1_000_000;

const type = 'weir-sim.validate';

function clientOf({ url, key }: SenderTarget, { tracing }: LiveTelemetry): IngestClient {
  return new IngestClient({
    apiKey: key,
    baseUrl: url,
    maxBatchEvents: 1,
    lingerMs: 0,
    maxConcurrency: 1,
    tracing,
  });
}

async function sendFor(client: IngestClient, { durationMs }: SenderOrder): Promise<SenderReport> {
  const before = client.stats();
  const ending = new AbortController();
  systemWorld.after(durationMs, () => ending.abort());
  const waitsUs: number[] = [];
  while (!ending.signal.aborted && waitsUs.length < waitsAtMost) {
    const wantedMs = systemWorld.now();
    try {
      await client.send(type, {}, { signal: ending.signal });
    } catch (error) {
      if (ending.signal.aborted) break;
      throw error;
    }
    waitsUs.push(Math.round((systemWorld.now() - wantedMs) * 1_000));
  }
  const { requests, rateLimited } = client.stats();
  return {
    is: 'report',
    requests: requests - before.requests,
    refused: rateLimited - before.rateLimited,
    admitted: waitsUs.length,
    waitsUs,
  };
}

async function obey(target: SenderTarget): Promise<void> {
  const telemetry = await startLiveTelemetry();
  const client = clientOf(target, telemetry);
  telemetry.observe(client);
  await client.send(type, {});
  const ordered = once(process, 'message');
  tell({ is: 'ready' });
  const [order] = (await ordered) as [SenderOrder];
  const report = await sendFor(client, order);
  await telemetry.stop(); // whoever has the last report ends this process
  tell(report);
}

function tell(news: SenderNews): void {
  process.send?.(news);
}

const [target] = (await once(process, 'message')) as [SenderTarget];
try {
  await obey(target);
} catch (error) {
  tell({ is: 'trouble', why: isWeirError(error) ? error.message : String(error) });
}
process.disconnect?.();
