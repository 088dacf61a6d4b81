import type { Cost, Decision } from '@weir/core/admission';
import { compileQuota, type Quota, type QuotaTerms, type Verdict } from '@weir/core/gcra';
import type { World } from '@weir/core/world/world';
import { RateLimiterCompatibleAbstract, RateLimiterRes } from 'rate-limiter-flexible';
import type { Caller } from '../tenants/caller.ts';
import { BoundedMap } from './bounded-map.ts';
import type { Limiter } from './limiter.ts';

export interface WeirLimiterOptions {
  readonly limiter: Limiter;
  readonly world: World;
  readonly quota: QuotaTerms;
  /** Names the quota among others; in a union, its part of the answer. */
  readonly keyPrefix: string;
}

/** What rate-limiter-flexible tells of a key, and what our law knows beyond it. */
export class WeirRes extends RateLimiterRes {
  /** The decision, to the microsecond; undefined where a block stood before it. */
  readonly decision: Decision | undefined;

  constructor(quota: Quota, decision: Decision | undefined, msBeforeNext: number) {
    const remaining = decision?.verdicts[0]?.remaining ?? 0;
    super(remaining, msBeforeNext, quota.burst - remaining, false);
    this.decision = decision;
  }
}

/** Callers remembered, so that one key is not hashed again and again. */
const mostCallers = 10_000;
const mostBlocks = 10_000;

/**
 * Our limiter as one of rate-limiter-flexible's kind, for programs that have its interface: its
 * wrappers and its union work on it. The server itself asks `Limiter` and needs none of this.
 *
 * A point is a token. `reward` gives back, `penalty` charges whether or not there is room, `delete`
 * forgives all that is owed. The law has no windows: what is consumed drains at the quota's rate,
 * `msBeforeNext` of a yes says when all is paid, of a no when the same would pass, and the duration
 * that `set` is given is passed over. `block` spends the whole burst for all servers, and holds on
 * this one for as long as it was told; at most 10,000 keys, the oldest of which are let go.
 */
export class WeirLimiter extends RateLimiterCompatibleAbstract {
  override readonly keyPrefix: string;
  /** Asked by the library's wrappers; a refusal here does not block. */
  override blockDuration = 0;
  /** Asked by the library's wrappers; requests are never delayed here. */
  override execEvenly = false;
  readonly #options: WeirLimiterOptions;
  readonly #quota: Quota;
  readonly #callers = new BoundedMap<string, Caller>(mostCallers);
  readonly #blockedUntilMs = new BoundedMap<string, number>(mostBlocks);

  constructor(options: WeirLimiterOptions) {
    super();
    this.keyPrefix = options.keyPrefix;
    this.#options = options;
    this.#quota = compileQuota(options.quota);
  }

  /** Rejects with a `WeirRes` where there is no room for so many points; then none is consumed. */
  override async consume(key: string | number, points = 1): Promise<RateLimiterRes> {
    const blockedMs = this.#blockedMs(`${key}`);
    if (blockedMs > 0) throw new WeirRes(this.#quota, undefined, blockedMs);
    const { limiter } = this.#options;
    const decision = await limiter.take(this.#callerOf(key), costOf(points));
    if (!decision.allowed) throw this.#resOf(decision);
    return this.#resOf(decision);
  }

  override penalty(key: string | number, points = 1): Promise<RateLimiterRes> {
    this.#options.limiter.charge(this.#callerOf(key), costOf(points));
    return this.#look(key);
  }

  override reward(key: string | number, points = 1): Promise<RateLimiterRes> {
    this.#options.limiter.refund(this.#callerOf(key), costOf(points));
    return this.#look(key);
  }

  /** null where nothing is owed, which is the same as never seen. */
  override async get(key: string | number): Promise<RateLimiterRes | null> {
    const seen = await this.#look(key);
    return seen.consumedPoints === 0 ? null : seen;
  }

  /** As if just so many points had been consumed, at this instant. */
  override set(
    key: string | number,
    points: number,
    _secDuration?: number,
  ): Promise<RateLimiterRes> {
    const { limiter } = this.#options;
    const caller = this.#callerOf(key);
    limiter.refund(caller, costOf(this.#quota.burst));
    limiter.charge(caller, costOf(points));
    return this.#look(key);
  }

  override async block(key: string | number, secDuration: number): Promise<RateLimiterRes> {
    const { limiter, world } = this.#options;
    limiter.charge(this.#callerOf(key), costOf(this.#quota.burst));
    this.#blockedUntilMs.set(`${key}`, world.now() + 1_000 * secDuration);
    return new WeirRes(this.#quota, undefined, 1_000 * secDuration);
  }

  /** Whether anything was owed, or a block held. */
  override async delete(key: string | number): Promise<boolean> {
    const wasBlocked = this.#blockedUntilMs.delete(`${key}`);
    const wasOwed = (await this.get(key)) !== null;
    this.#options.limiter.refund(this.#callerOf(key), costOf(this.#quota.burst));
    return wasBlocked || wasOwed;
  }

  async #look(key: string | number): Promise<WeirRes> {
    return this.#resOf(await this.#options.limiter.peek(this.#callerOf(key)));
  }

  #resOf(decision: Decision): WeirRes {
    const { allowed, retryAfterUs, verdicts } = decision;
    const waitUs = allowed ? (verdicts[0] as Verdict).resetUs : retryAfterUs;
    const waitMs = Math.min(Math.ceil(waitUs / 1_000), Number.MAX_SAFE_INTEGER);
    return new WeirRes(this.#quota, decision, waitMs);
  }

  #blockedMs(key: string): number {
    const untilMs = this.#blockedUntilMs.get(key);
    if (untilMs === undefined) return 0;
    const leftMs = Math.ceil(untilMs - this.#options.world.now());
    if (leftMs <= 0) this.#blockedUntilMs.delete(key);
    return Math.max(0, leftMs);
  }

  #callerOf(key: string | number): Caller {
    const name = `${key}`;
    const known = this.#callers.get(name);
    if (known !== undefined) return known;
    const { keyPrefix } = this;
    const named = { name: keyPrefix, unit: 'requests', quota: this.#quota, scope: 'key' } as const;
    const caller: Caller = {
      ...nobody,
      tenant: keyPrefix,
      keyId: name,
      quotas: [
        { ...named, shadow: false, onTrouble: 'local', stateKey: `${keyPrefix}/${name}/points` },
      ],
    };
    this.#callers.set(name, caller);
    return caller;
  }
}

const nobody = {
  weight: 1,
  isDenied: false,
  isAllowed: false,
  scopes: new Set<never>(),
  limits: { bodyBytes: 1, decodedBytes: 1, eventBytes: 1, events: 1 },
};

function costOf(points: number): Cost {
  return { requests: points, events: 0, bytes: 0 };
}
