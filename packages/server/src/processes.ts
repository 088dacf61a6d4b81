import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { systemWorld } from '@weir/core/world/system';
import type { Settings } from './config.ts';
import { makeLog } from './log.ts';
import type { Problems } from './problems.ts';

const restartMs = 1_000;

/**
 * Runs `WEIR_PROCESSES` servers that share one port, each with a spool of its own in the data folder
 * and with the admin port of its number: the first has `WEIR_ADMIN_PORT`, the next the one above. One
 * that dies is started again after a second. A signal stops them all; resolves when they have, or
 * with a problem where one ended before it had ever served.
 */
export async function runProcesses(settings: Settings): Promise<Problems | undefined> {
  const log = makeLog(settings);
  const { promise: stopping, resolve: stop } = Promise.withResolvers<Problems | undefined>();
  const state = { isStopping: false };
  for (let number = 0; number < settings.processes; number += 1) startOne(number, false);
  forwardSignals(() => {
    state.isStopping = true;
    stop(undefined);
  });
  const problems = await stopping;
  state.isStopping = true;
  const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  if (problems !== undefined) for (const worker of workers) worker.process.kill('SIGTERM');
  await Promise.all(workers.filter((worker) => !worker.isDead()).map((one) => once(one, 'exit')));
  return problems;

  function startOne(number: number, hasServed: boolean): void {
    const worker = cluster.fork({ WEIR_ADMIN_PORT: `${settings.adminPort + number}` });
    let serves = hasServed;
    worker.once('listening', () => {
      serves = true;
    });
    worker.once('exit', (code, signal) => {
      if (state.isStopping) return;
      log.error({ process: number, code, signal }, 'a process ended');
      if (!serves) stop({ problems: [`process ${number} of WEIR_PROCESSES could not start`] });
      else systemWorld.after(restartMs, () => state.isStopping || startOne(number, true));
    });
  }
}

/** To every process; what is typed at a terminal reaches them without us, and twice ends at once. */
function forwardSignals(first: () => void): void {
  const isTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      first();
      if (signal === 'SIGINT' && isTerminal) return;
      for (const worker of Object.values(cluster.workers ?? {})) endOne(worker, signal);
    });
  }
}

function endOne(worker: Worker | undefined, signal: NodeJS.Signals): void {
  worker?.process.kill(signal);
}
