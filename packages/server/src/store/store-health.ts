import { backoffMs } from '@weir/core/retry';
import { sleep } from '@weir/core/world/sleep';
import type { Ms, World } from '@weir/core/world/world';
import type { Log } from '../log.ts';
import type { Governor } from './governor.ts';
import type { StoreCheck, StoreProbe } from './probe.ts';

export interface StoreHealthDeps {
  readonly probe: Pick<StoreProbe, 'check'>;
  readonly governor: Pick<Governor, 'status' | 'works'>;
  /** How far this machine's clock is ahead of the store's; undefined until it has answered. */
  readonly aheadMs: () => Ms | undefined;
  readonly world: World;
  readonly log: Pick<Log, 'info' | 'error'>;
}

const backoff = { baseMs: 1_000, maxMs: 10_000 };
const leastPauseMs = 500;
/** A minute's events in the wrong hour are no matter; more is a clock that nobody sets. */
const mostOffMs = 60_000;

const keepsNothing =
  'the store replaces objects although it is asked not to (If-None-Match): exactly once cannot be promised on this store; use one that honours conditional writes';

/**
 * Looks at a store until all is well with it, and tells at any time what is not. Nothing waits for
 * it: events are taken meanwhile, and delivery begins by itself.
 */
export class StoreHealth {
  readonly #deps: StoreHealthDeps;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  #found: StoreCheck = { problems: [], keepsFirst: undefined };

  constructor(deps: StoreHealthDeps) {
    this.#deps = deps;
    this.#ended = this.#look();
  }

  /** Everything that a person should know, most urgent first. */
  reasons(): string[] {
    const { problems, keepsFirst } = this.#found;
    const { stopped, waiting } = this.#deps.governor.status();
    const reasons = new Set<string>(problems);
    if (stopped !== undefined) reasons.add(stopped);
    const sentences = [...reasons].map((reason) => `delivery: ${reason}`);
    if (stopped !== undefined) sentences.push(`delivery waits for the store: ${waiting} writes`);
    if (keepsFirst === false) sentences.push(keepsNothing);
    const clock = clockReason(this.#deps.aheadMs());
    return clock === undefined ? sentences : [...sentences, clock];
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #look(): Promise<void> {
    const { signal } = this.#stopping;
    try {
      for (let tries = 1; !(await this.#check(signal)); tries += 1) await this.#pause(tries);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #pause(tries: number): Promise<void> {
    const { world } = this.#deps;
    const waitMs = backoffMs(backoff, tries, leastPauseMs, world.random());
    await sleep(world, waitMs, this.#stopping.signal);
  }

  /** Whether all is well. */
  async #check(signal: AbortSignal): Promise<boolean> {
    const { probe, governor, log } = this.#deps;
    const before = this.#found;
    this.#found = await probe.check(signal);
    const { problems, keepsFirst } = this.#found;
    for (const reason of problems) {
      if (!before.problems.includes(reason)) log.error({ reason }, 'the store cannot be used');
    }
    if (keepsFirst === undefined) return false;
    governor.works();
    if (!keepsFirst) log.error({ reason: keepsNothing }, 'the store cannot be relied on');
    if (problems.length > 0) return false;
    log.info('the store can be used');
    return true;
  }
}

function clockReason(aheadMs: Ms | undefined): string | undefined {
  if (aheadMs === undefined || Math.abs(aheadMs) <= mostOffMs) return undefined;
  const seconds = Math.round(Math.abs(aheadMs) / 1_000);
  const way = aheadMs > 0 ? 'ahead of' : 'behind';
  return `this machine's clock is ${seconds} s ${way} the store's, and names of objects follow it: set the clock (NTP)`;
}
