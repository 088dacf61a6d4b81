import type { World } from '@weir/core/world/world';
import { BodyMemory } from '../body/body-memory.ts';
import type { Settings } from '../config.ts';
import { type Hints, MemoryHints } from '../limiter/hints.ts';
import type { Log } from '../log.ts';
import type { RedisConnection } from '../redis/connect.ts';
import type { Keys } from '../tenants/keys.ts';
import { AddressLimit } from './address-limit.ts';
import { Entrance, type EntranceGuard } from './entrance.ts';
import { Fairness, type FairnessDeps, type FairnessGuard } from './fairness.ts';
import { isLoopback } from './source-address.ts';
import { type Offence, SourceBlocks } from './source-blocks.ts';
import { SourceLog } from './source-log.ts';

/** What stood in the way of a request, other than its quotas. */
export type Guard = EntranceGuard | FairnessGuard;

/** What stands before and beside the quotas. */
export interface Guards {
  readonly entrance: Entrance;
  readonly fairness: Fairness;
  readonly hints: Hints;
}

export interface GuardDeps extends Pick<FairnessDeps, 'spool'> {
  readonly world: World;
  readonly counts: { guarded(guard: Guard): void };
  readonly keys: Keys;
  readonly redis: RedisConnection | undefined;
  readonly log: Pick<Log, 'warn'>;
}

export function startGuards(settings: Settings, deps: GuardDeps): Guards {
  const { maxInFlight, maxBodyMemory } = settings;
  const { spool, world, counts } = deps;
  return {
    entrance: openEntrance(settings, deps),
    fairness: new Fairness({
      spool: new BodyMemory(spool, maxBodyMemory, world),
      world,
      maxInFlight,
      counts,
    }),
    hints: new MemoryHints(world),
  };
}

function openEntrance(
  settings: Settings,
  { world, counts, keys, redis, log }: GuardDeps,
): Entrance {
  const { trustedHops, addressRate, mostUnauthorized, mostMalformed, blockMs } = settings;
  const sourceLog = new SourceLog(world, log);
  const blocks = (offence: Offence, mostAMinute: number): SourceBlocks =>
    new SourceBlocks(
      offence,
      { mostAMinute, blockMs },
      {
        world,
        redis,
        // A proxy on this machine whose hop is not trusted sends all that anyone sends.
        isExempt: (address) => isLoopback(address) || keys.lists.allowsAddress(address),
        blocked: (...block) => sourceLog.blocked(...block),
      },
    );
  return new Entrance({
    keys,
    addressLimit: addressRate === 0 ? undefined : new AddressLimit(addressRate, world),
    guessers: blocks('guessing', mostUnauthorized),
    garblers: blocks('garbage', mostMalformed),
    trustedHops,
    counts,
  });
}
