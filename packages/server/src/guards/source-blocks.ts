import { hash } from 'node:crypto';
import type { Ms, World } from '@weir/core/world/world';
import {
  type RateLimiterLike,
  RateLimiterRedis,
  RateLimiterRes,
  RLWrapperBlackAndWhite,
} from 'rate-limiter-flexible';
import type { RedisConnection } from '../redis/connect.ts';
import { BoundedMemory } from './bounded-memory.ts';

/** What a source is blocked for. */
export type Offence = 'guessing' | 'garbage';

export interface BlockOptions {
  /** So many within a minute are one too many. */
  readonly mostAMinute: number;
  readonly blockMs: Ms;
}

export interface SourceBlocksDeps {
  readonly world: World;
  /** Where servers share what they count; without one each counts for itself. */
  readonly redis: RedisConnection | undefined;
  /** Addresses that are never blocked. */
  readonly isExempt: (address: string) => boolean;
  /** Told once for each time that a source is blocked here. */
  readonly blocked: (offence: Offence, source: string, forMs: Ms) => void;
}

const windowSeconds = 60;
const mostBlocked = 100_000;
const mostPending = 1_000;
const mostKeysInMemory = 20_000;

/**
 * Sources that keep doing what no honest one does, and are turned away for a while. Counting goes on
 * behind the answer and is shared through Redis; whether a source is blocked is looked up in memory,
 * so a good request pays for nothing. A server learns of a block that another has set at the first
 * offence it sees itself.
 *
 * Bounded: 100,000 blocked sources, the oldest of which are let go; 1,000 counts under way, beyond
 * which offences are not counted; and a memory for while Redis is away, see `BoundedMemory`.
 */
export class SourceBlocks {
  readonly #offence: Offence;
  readonly #deps: SourceBlocksDeps;
  readonly #limiter: RLWrapperBlackAndWhite;
  readonly #untilMs = new Map<string, Ms>();
  #pending = 0;

  constructor(offence: Offence, options: BlockOptions, deps: SourceBlocksDeps) {
    this.#offence = offence;
    this.#deps = deps;
    this.#limiter = new RLWrapperBlackAndWhite({
      limiter: makeLimiter(offence, options, deps),
      isWhiteListed: (source: string) => deps.isExempt(addressIn(source)),
    });
  }

  /** Sources blocked here, those whose time is over included until somebody asks. */
  get size(): number {
    return this.#untilMs.size;
  }

  /** How long a source is still blocked; 0 where it is not. */
  blockedForMs(source: string): Ms {
    if (this.#untilMs.size === 0) return 0;
    const untilMs = this.#untilMs.get(source);
    if (untilMs === undefined) return 0;
    const leftMs = untilMs - this.#deps.world.now();
    if (leftMs > 0 && !this.#limiter.isWhiteListed(source)) return leftMs;
    this.#untilMs.delete(source);
    return 0;
  }

  /** Counts an offence, in the background; resolves when it is counted. Never rejects. */
  async count(source: string): Promise<void> {
    if (this.#pending >= mostPending) return;
    this.#pending += 1;
    try {
      await this.#limiter.consume(source);
    } catch (answer) {
      if (answer instanceof RateLimiterRes) this.#block(source, answer.msBeforeNext);
    } finally {
      this.#pending -= 1;
    }
  }

  #block(source: string, forMs: Ms): void {
    if (this.#untilMs.size >= mostBlocked) {
      for (const oldest of this.#untilMs.keys()) {
        this.#untilMs.delete(oldest);
        break;
      }
    }
    const isNew = !this.#untilMs.has(source);
    this.#untilMs.set(source, this.#deps.world.now() + forMs);
    if (isNew) this.#deps.blocked(this.#offence, source, forMs);
  }
}

/** A source is an address, or an address and what tells it further, after a space. */
function addressIn(source: string): string {
  const end = source.indexOf(' ');
  return end === -1 ? source : source.slice(0, end);
}

function makeLimiter(
  offence: Offence,
  { mostAMinute, blockMs }: BlockOptions,
  { redis, world }: SourceBlocksDeps,
): RateLimiterLike {
  const options = {
    points: mostAMinute,
    duration: windowSeconds,
    blockDuration: Math.ceil(blockMs / 1_000),
  };
  const memory = new BoundedMemory(options, mostKeysInMemory, () => world.now());
  if (redis === undefined) return memory;
  return new HashedKeys({
    ...options,
    storeClient: redis.client,
    keyPrefix: `weir1:${offence}`,
    rejectIfRedisNotReady: true,
    insuranceLimiter: memory,
  });
}

/** No address stands in Redis. The library asks this for the name of every key. */
class HashedKeys extends RateLimiterRedis {
  override getKey(source: string | number): string {
    return `${this.keyPrefix}:${hash('sha256', `${source}`, 'base64url').slice(0, 22)}`;
  }
}
