import { existsSync, readFileSync } from 'node:fs';
import { nodeFiles } from '@weir/segment-log/node-files';
import { Client } from '../client.ts';
import { nodePlatform } from '../node-platform.ts';
import type { ClientOptions } from '../options.ts';
import { recoverSpool } from '../spool/recover-spool.ts';
import { UsageError } from './arguments.ts';

/** What lies in a spool. */
export interface SpoolReport {
  readonly dir: string;
  /** Events that no server has, as far as the files say. */
  readonly events: number;
  /** Of these, in batches that were closed: they may have been sent. */
  readonly inBatches: number;
  readonly files: number;
  readonly bytes: number;
  readonly damaged: readonly string[];
  /** Events set aside since they can never be delivered. */
  readonly poisoned: number;
}

/** Reads a spool without touching it; its owner may be at work meanwhile. */
export async function inspectSpool(dir: string): Promise<SpoolReport> {
  if (!existsSync(dir)) throw new UsageError(`there is no folder ${dir}`);
  const { segments, recovered } = await recoverSpool(nodeFiles, dir, true);
  const poison = `${dir}/poison.ndjson`;
  return {
    dir,
    events: recovered.events,
    inBatches: recovered.batches.reduce((sum, { places }) => sum + places.length, 0),
    files: segments.length,
    bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0),
    damaged: recovered.damaged,
    poisoned: existsSync(poison) ? readFileSync(poison, 'utf8').trimEnd().split('\n').length : 0,
  };
}

/** Sends what lies in a spool; resolves with how many events a server took, and how many are left. */
export async function drainSpool(
  dir: string,
  options: ClientOptions,
  signal: AbortSignal,
): Promise<{ readonly acked: number; readonly rejected: number; readonly left: number }> {
  const { events } = await inspectSpool(dir);
  if (events === 0) return { acked: 0, rejected: 0, left: 0 };
  const client = new Client({ ...options, spool: { dir } }, nodePlatform);
  const failed = new Promise<never>((_, reject) => {
    client.on('error', ({ error }) => {
      if (error.code === 'spool' || error.code === 'unauthorized') reject(error);
    });
  });
  failed.catch(() => {});
  const ended = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    client.on('batch', () => {
      const { recovered, spooled, inMemory } = client.stats();
      if (recovered > 0 && spooled + inMemory === 0) resolve();
    });
    client.on('reject', () => {
      const { recovered, spooled, inMemory } = client.stats();
      if (recovered > 0 && spooled + inMemory === 0) resolve();
    });
  });
  try {
    await Promise.race([ended, failed]);
  } finally {
    await client.close({ timeoutMs: 1 });
  }
  const { acked, rejected, spooled } = client.stats();
  return { acked, rejected, left: spooled };
}
