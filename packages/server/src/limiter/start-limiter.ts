import type { Ms, World } from '@weir/core/world/world';
import type { ReadyReason } from '../admin.ts';
import type { Log } from '../log.ts';
import { LimiterMetrics } from '../metrics/metrics-limiter.ts';
import type { RedisConnection } from '../redis/connect.ts';
import type { Limiter } from './limiter.ts';
import { MemoryLimiter } from './memory.ts';
import { RedisLimiter } from './redis.ts';
import { ServerCount } from './server-count.ts';

export interface StartLimiterDeps {
  readonly world: World;
  readonly log: Log;
  /** How long a decision may wait for Redis. */
  readonly deadlineMs: Ms;
}

/** A limiter in use, with all that is known of it. */
export interface StartedLimiter {
  readonly limiter: Limiter;
  reasons(): readonly ReadyReason[];
  /** In Prometheus' text format. */
  format(): string;
  /** Ends the connection to Redis as well, so it comes last of all that use one. */
  stop(): Promise<void>;
}

/** The version of what is kept under it. */
const prefix = 'rl1';
const startWithinMs = 2_000;

/**
 * Limits in Redis, which all servers share, or without one in the memory of this process. A Redis
 * need not answer: until it does, this server holds to its share of the quotas.
 */
export async function startLimiter(
  redis: RedisConnection | undefined,
  deps: StartLimiterDeps,
): Promise<StartedLimiter> {
  const { world, log } = deps;
  if (redis !== undefined) return await startShared(redis, deps);
  log.info('limits are in the memory of this process: REDIS_URL lets servers share them');
  return {
    limiter: new MemoryLimiter(world),
    reasons: () => [],
    format: () => '',
    stop: async () => {},
  };
}

async function startShared(
  redis: RedisConnection,
  { world, log, deadlineMs }: StartLimiterDeps,
): Promise<StartedLimiter> {
  const metrics = new LimiterMetrics();
  const servers = new ServerCount({ redis, world, prefix });
  const trouble = new TroubleLog(redis, log);
  const limiter = new RedisLimiter({
    redis,
    world,
    // biome-ignore lint/style/noRestrictedGlobals: no timer, but the end of this turn of the event loop
    soon: setImmediate,
    deadlineMs,
    servers: () => servers.count,
    prefix,
    events: {
      called: (asks, waitedMs) => metrics.called(asks, waitedMs),
      ghosts: (charged) => metrics.ghosts(charged),
      damaged: (count) => {
        metrics.damaged(count);
        log.error({ count }, 'values in Redis were no states of quotas: they were replaced');
      },
      troubled: (reason) => {
        metrics.troubled();
        trouble.began(reason);
      },
      recovered: (afterMs) => trouble.ended(afterMs),
    },
  });
  const isReady = await redis.ready(startWithinMs);
  if (!isReady) log.error({ redis: redis.name, reason: redis.problem }, trouble.sentence);
  else await limiter.warmUp().catch(() => undefined); // the first decisions find out by themselves
  await servers.start();
  return {
    limiter,
    reasons: () =>
      limiter.works && redis.problem === undefined ? [] : [trouble.reason(servers.count)],
    format: () => metrics.format({ isTroubled: !limiter.works, servers: servers.count }),
    async stop() {
      await servers.stop();
      limiter.close();
      redis.close();
    },
  };
}

/** A Cluster may be in trouble on many ways at once: told when the first fails and the last is back. */
class TroubleLog {
  readonly sentence = 'Redis does not answer: this server holds to its share of the quotas';
  readonly #redis: RedisConnection;
  readonly #log: Log;
  #ways = 0;

  constructor(redis: RedisConnection, log: Log) {
    this.#redis = redis;
    this.#log = log;
  }

  began(reason: string): void {
    this.#ways += 1;
    const { name: redis, problem = reason } = this.#redis;
    if (this.#ways === 1) this.#log.error({ redis, reason: problem }, this.sentence);
  }

  ended(afterMs: number): void {
    this.#ways -= 1;
    const { name: redis } = this.#redis;
    if (this.#ways === 0) this.#log.info({ redis, afterMs: Math.round(afterMs) }, 'Redis is back');
  }

  reason(servers: number): ReadyReason {
    const { name, problem } = this.#redis;
    const why = problem === undefined ? '' : ` (${problem})`;
    const share = `one of ${servers}`;
    return { reason: `${this.sentence}, ${share}: ${name}${why}`, blocks: false };
  }
}
