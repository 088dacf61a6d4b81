import { slotBounds } from '@weir/core/slots';
import type { Ms, World } from '@weir/core/world/world';
import { BodyMemory } from '../body/body-memory.ts';
import type { ClaimOutcome } from '../claims/claims.ts';
import { RedisClaims } from '../claims/redis-claims.ts';
import type { Settings } from '../config.ts';
import { type Hints, MemoryHints } from '../limiter/hints.ts';
import { RedisHints } from '../limiter/redis-hints.ts';
import type { Log } from '../log.ts';
import type { RedisConnection } from '../redis/connect.ts';
import { Repeats } from '../repeats.ts';
import type { Spool } from '../spool/spool.ts';
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
  readonly repeats: Repeats;
}

export interface GuardDeps {
  readonly spool: FairnessDeps['spool'] & Pick<Spool, 'repeat' | 'writer' | 'onRecovered'>;
  /** How long a server is silent before another takes over its idempotency keys: 30 s. */
  readonly silentMs?: Ms;
  readonly world: World;
  readonly counts: { guarded(guard: Guard): void; claim(outcome: ClaimOutcome): void };
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
    hints: hintsOf(settings, deps),
    repeats: new Repeats(spool, claimsOf(settings, deps)),
  };
}

function hintsOf({ redisDeadlineMs }: Settings, { redis, world }: GuardDeps): Hints {
  if (redis === undefined) return new MemoryHints(world);
  return new RedisHints({ redis, world, bounds: slotBounds, deadlineMs: redisDeadlineMs });
}

/** Without a Redis, or without a window, each server knows its own keys alone. */
function claimsOf(
  { idempotencyMs: windowMs, redisDeadlineMs }: Settings,
  { redis, world, counts, spool, silentMs = 30_000 }: GuardDeps,
): RedisClaims | undefined {
  if (redis === undefined || windowMs === 0) return undefined;
  const deadlineMs = 10 * redisDeadlineMs;
  const { writer } = spool;
  const claims = new RedisClaims({
    ...{ redis, world, counts, writer },
    ...{ deadlineMs, windowMs, silentMs },
  });
  spool.onRecovered((keys) => claims.recovered(keys));
  return claims;
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
