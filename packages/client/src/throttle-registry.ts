import type { Throttle } from '@weir/core/throttle/throttle';
import type { Ms, World } from '@weir/core/world/world';
import type { Logger } from './options.ts';
import { PacedTurnstile, type Turnstile } from './turnstile.ts';

/** Makes the policy that paces a key. */
type MakeThrottle = (random: () => number) => Throttle;

interface Entry {
  readonly turnstile: Turnstile;
  readonly makeThrottle: unknown;
  users: number;
  /** When its last user left. */
  idleSinceMs: Ms;
}

/** What lies on `globalThis`, shared by all copies of this package in a thread. No secrets in it. */
export interface Registry {
  readonly version: number;
  readonly entries: Map<string, Entry>;
}

const name = Symbol.for('weir.throttles.v1');
const version = 1;
const mostEntries = 64;
const idleMs = 600_000;

/** A turnstile on loan. */
export interface Borrowed {
  readonly turnstile: Turnstile;
  giveBack(): void;
}

export interface RegistryDeps {
  readonly world: World;
  readonly logger: Logger | undefined;
  readonly makeThrottle: MakeThrottle;
}

/** The registry of this thread, or a fresh one where that of another version lies there. */
export function sharedRegistry(logger: Logger | undefined): Registry {
  const host = globalThis as unknown as Record<symbol, Registry | undefined>;
  const found = host[name];
  if (found?.version === version) return found;
  const fresh = newRegistry();
  if (found === undefined) host[name] = fresh;
  else logger?.warn('another version of @weir/client paces this process: this one paces alone');
  return fresh;
}

export function newRegistry(): Registry {
  return { version, entries: new Map() };
}

/**
 * The one turnstile of a key and its servers: all clients of a process share it, so that together
 * they keep to the quota that they share. At most 64 are kept, idle ones for ten minutes; where all
 * are in use, a further one is not shared.
 */
export function borrowTurnstile(
  registry: Registry,
  identity: string,
  deps: RegistryDeps,
): Borrowed {
  const { world, logger, makeThrottle } = deps;
  const { entries } = registry;
  forgetIdle(entries, world.now());
  let entry = entries.get(identity);
  if (entry === undefined) {
    const turnstile = new PacedTurnstile(makeThrottle(world.random), world);
    entry = { turnstile, makeThrottle, users: 0, idleSinceMs: world.now() };
    if (entries.size < mostEntries) entries.set(identity, entry);
    else logger?.warn(`more than ${mostEntries} keys in one process: this one is paced alone`);
  } else if (entry.makeThrottle !== makeThrottle) {
    logger?.warn('another client of this key chose its throttle first: that one is used');
  }
  entry.users += 1;
  const borrowed = entry;
  let isGivenBack = false;
  return {
    turnstile: borrowed.turnstile,
    giveBack: () => {
      if (isGivenBack) return;
      isGivenBack = true;
      borrowed.users -= 1;
      borrowed.idleSinceMs = world.now();
    },
  };
}

function forgetIdle(entries: Map<string, Entry>, nowMs: Ms): void {
  for (const [identity, { users, idleSinceMs }] of entries) {
    if (users === 0 && nowMs - idleSinceMs > idleMs) entries.delete(identity);
  }
}
