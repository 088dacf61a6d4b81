import { sleep } from '@weir/core/world/sleep';
import type { Files } from '@weir/segment-log/files';
import { nodeFiles } from '@weir/segment-log/node-files';
import { Backlog, type BacklogDeps } from './backlog.ts';
import type { SpoolOptions } from './options.ts';
import { openDiskSpool } from './spool/disk-spool.ts';
import type { EventSpool } from './spool/event-spool.ts';
import { isWeirError, WeirError } from './weir-error.ts';

const retryMs = 1_000;

/**
 * Opens the spool of a client, as soon as it can be: where another process still holds the folder, its
 * lock is asked for each second. undefined once the signal is aborted.
 */
export async function openBacklog(
  { dir, maxBytes }: Required<SpoolOptions>,
  deps: BacklogDeps,
  signal: AbortSignal,
  files: Files = nodeFiles,
): Promise<Backlog | undefined> {
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    const spool = await openDiskSpool({ dir, maxBytes, files, world: deps.world }).catch(
      (cause: unknown) => {
        if (isFirst) deps.emitter.emit('error', { error: asSpoolError(cause) });
      },
    );
    if (spool !== undefined) return await begin(spool, deps, signal);
    await sleep(deps.world, retryMs, signal).catch(() => {});
  }
  return undefined;
}

async function begin(
  spool: EventSpool,
  deps: BacklogDeps,
  signal: AbortSignal,
): Promise<Backlog | undefined> {
  if (!signal.aborted) return new Backlog(spool, deps);
  await spool.end();
  return undefined;
}

function asSpoolError(cause: unknown): WeirError {
  if (isWeirError(cause)) return cause;
  return new WeirError('spool', cause instanceof Error ? cause.message : String(cause), { cause });
}
