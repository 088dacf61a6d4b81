import { sleep } from '@weir/core/world/sleep';
import type { Ms, World } from '@weir/core/world/world';
import type { Settings } from './config.ts';
import type { Listener } from './listen.ts';
import type { Log } from './log.ts';
import type { Spool } from './spool/spool.ts';

export interface DrainDeps {
  readonly http: Listener;
  readonly spool: Spool;
  readonly world: World;
  readonly log: Pick<Log, 'info' | 'warn'>;
}

/**
 * Stops taking, then delivers what is held, within `drainMs` in all. What is not delivered by then
 * stays in the spool, as safe as it was, and the next start delivers it.
 *
 * For `drainGraceMs` requests are still taken, each reply ending its connection: a balancer has that
 * long to notice, and no idle connection is closed under a request that is on its way.
 */
export async function drain(
  { http, spool, world, log }: DrainDeps,
  { drainMs, drainGraceMs, maxWorkers }: Pick<Settings, 'drainMs' | 'drainGraceMs' | 'maxWorkers'>,
): Promise<void> {
  const deadlineMs = world.now() + drainMs;
  const left = (): Ms => Math.max(0, deadlineMs - world.now());

  http.endConnections();
  const { signal } = new AbortController(); // nothing cuts a drain short but its own deadline
  await sleep(world, Math.min(drainGraceMs, left()), signal);
  const closed = http.close();
  const closedInTime = await within(world, left(), closed);
  if (!closedInTime) log.warn('connections were still open at the deadline and are cut');
  http.closeNow();
  await closed;

  await spool.seal();
  // Looking every 20 ms: a stop happens once, and delivery need not know of it.
  while (maxWorkers > 0 && spool.status().segments > 0 && left() > 0)
    await sleep(world, lookMs, signal);
  const { requests, segments } = spool.status();
  if (requests > 0) {
    log.warn({ requests, segments }, 'not all was delivered in time; it stays in the spool');
  }
}

const lookMs = 20;

/** False where `done` did not come within `ms`. */
async function within(world: World, ms: Ms, done: Promise<unknown>): Promise<boolean> {
  let cancel = (): void => {};
  const late = new Promise<boolean>((resolve) => {
    cancel = world.after(ms, () => resolve(false));
  });
  const result = await Promise.race([done.then(() => true), late]);
  cancel();
  return result;
}
