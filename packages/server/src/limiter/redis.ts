import { type Cost, costIn, type Decision, decide } from '@weir/core/admission';
import { admits } from '@weir/core/gcra';
import type { Ms, Us, World } from '@weir/core/world/world';
import type { RedisConnection } from '../redis/connect.ts';
import { RedisScript } from '../redis/script.ts';
import type { Caller, CallerQuota } from '../tenants/caller.ts';
import { knownBy } from './known-by.ts';
import { KnownStates } from './known-states.ts';
import { Lane, type LaneEvents } from './lane.ts';
import type { Limiter } from './limiter.ts';
import { LocalShares } from './local-shares.ts';
import { keyOf, stateKeysOf } from './state-key.ts';
import { type Ask, type BatchReply, TakeBatch } from './take-batch.ts';

export interface RedisLimiterDeps {
  readonly redis: RedisConnection;
  readonly world: World;
  readonly soon: (task: () => void) => void;
  /** How long a decision may wait for Redis. */
  readonly deadlineMs: Ms;
  /** How many servers share the quotas. */
  readonly servers: () => number;
  /** Stands before every key, and names the version of what is kept there. */
  readonly prefix: string;
  readonly events: LimiterEvents;
}

/** What is told of the limiter; `trouble` is the reason while it is in trouble. */
export interface LimiterEvents extends Pick<LaneEvents, 'called' | 'ghosts'> {
  /** Values in Redis that were no states. */
  damaged(count: number): void;
  troubled(reason: string): void;
  recovered(afterMs: number): void;
}

/** Where a caller's decisions are made. */
interface Route {
  readonly lane: Lane;
  readonly keys: readonly string[];
}

const free: Cost = { requests: 0, events: 0, bytes: 0 };
const mostKnown = 100_000;

/**
 * Limits that all servers share, exact in every window: one state in Redis for each quota in debt. A
 * decision is answered within the deadline; where Redis does not, and as long as it does not, this server
 * decides by its share of the quotas (`LocalShares`). A caller who is known to be out of quota costs
 * Redis nothing.
 */
export class RedisLimiter implements Limiter {
  readonly #deps: RedisLimiterDeps;
  readonly #script: RedisScript;
  readonly #known = new KnownStates(mostKnown);
  readonly #local: LocalShares;
  readonly #lanes = new Map<string, Lane>();
  readonly #routes = new WeakMap<Caller, Route>();
  /** Lanes on which Redis is not asked. */
  #troubles = 0;
  #isClosed = false;

  constructor(deps: RedisLimiterDeps) {
    const { redis, world, servers } = deps;
    this.#deps = deps;
    this.#script = new RedisScript(redis, new URL('./take.lua', import.meta.url));
    this.#local = new LocalShares({ world, servers, known: this.#known });
  }

  /** Whether Redis is asked at present, on all ways to it. */
  get works(): boolean {
    return this.#troubles === 0;
  }

  /** A lower bound, from the last state seen: others may have charged since, not given back. */
  knownRefusal(caller: Caller, leastCost: Cost): Decision | undefined {
    if (!this.works && !this.#routeOf(caller).lane.works) {
      return this.#local.knownRefusal(caller, leastCost);
    }
    const nowUs = this.#nowUs();
    for (const { unit, quota, stateKey, shadow } of caller.quotas) {
      if (shadow) continue;
      const state = this.#known.get(stateKey, quota);
      if (state !== undefined && !admits(quota, state, nowUs, costIn(unit, leastCost))) {
        return this.#remembered(caller, leastCost, nowUs);
      }
    }
    return undefined;
  }

  take(caller: Caller, cost: Cost): Decision | Promise<Decision> {
    const { lane, keys } = this.#routeOf(caller);
    if (!lane.works || this.#isClosed) return this.#local.take(caller, cost);
    if (this.#local.owes) {
      if (lane.isOnProbation) return this.#takeBoth(caller, cost);
      this.#handOver(caller);
    }
    const { promise, resolve } = Promise.withResolvers<Decision>();
    let own: Decision | undefined;
    lane.ask({ kind: 'take', quotas: caller.quotas, keys, cost }, (decision, isLate) => {
      if (isLate) return this.#makeGood(caller, cost, own, decision);
      if (decision === undefined) own = this.#local.take(caller, cost);
      resolve(decision ?? (own as Decision));
    });
    return promise;
  }

  /** Where Redis does not answer it is lost: given back twice would be worse. */
  refund(caller: Caller, cost: Cost): void {
    for (const { stateKey } of caller.quotas) this.#known.forget(stateKey);
    if (!this.#tell('refund', caller, cost)) this.#local.refund(caller, cost);
  }

  charge(caller: Caller, cost: Cost): void {
    if (!this.#tell('charge', caller, cost)) this.#local.charge(caller, cost);
  }

  peek(caller: Caller): Decision | Promise<Decision> {
    const { lane, keys } = this.#routeOf(caller);
    if (!lane.works || this.#isClosed) return this.#local.peek(caller);
    const { promise, resolve } = Promise.withResolvers<Decision>();
    lane.ask({ kind: 'take', quotas: caller.quotas, keys, cost: free }, (decision) => {
      resolve(decision ?? this.#local.peek(caller));
    });
    return promise;
  }

  /** Asks Redis for nothing, so that the first request need not wait until all is loaded. */
  async warmUp(): Promise<void> {
    const key = keyOf(this.#deps.prefix, 'b00', 'probe');
    for (let i = 0; i < 10; i += 1) await this.#script.run([key], [new TakeBatch().pack()]);
  }

  /** Answers who still waits. */
  close(): void {
    this.#isClosed = true;
    for (const lane of this.#lanes.values()) lane.close();
  }

  /** What both allow: servers that are back a little later must not add to what Redis lets through. */
  #takeBoth(caller: Caller, cost: Cost): Decision | Promise<Decision> {
    const own = this.#local.take(caller, cost);
    if (!own.allowed) return own;
    const { lane, keys } = this.#routeOf(caller);
    const { promise, resolve } = Promise.withResolvers<Decision>();
    lane.ask({ kind: 'take', quotas: caller.quotas, keys, cost }, (decision, isLate) => {
      if (isLate) return this.#makeGood(caller, cost, own, decision);
      if (decision?.allowed === false) this.#local.refund(caller, cost);
      resolve(decision ?? own);
    });
    return promise;
  }

  /** Redis has answered after all: it is to hold what was let through here meanwhile, and no more. */
  #makeGood(
    caller: Caller,
    cost: Cost,
    own: Decision | undefined,
    late: Decision | undefined,
  ): void {
    if (own === undefined || late === undefined || own.allowed === late.allowed) return;
    const { lane, keys } = this.#routeOf(caller);
    const kind = own.allowed ? 'charge' : 'refund';
    lane.ask({ kind, quotas: caller.quotas, keys, cost }, ignore); // even if given up: it just answered
  }

  #remembered(caller: Caller, cost: Cost, nowUs: Us): Decision {
    const states = this.#known.of(caller.quotas);
    return knownBy(decide(caller.quotas, states, cost, nowUs), 'remembered');
  }

  #tell(kind: Ask['kind'], caller: Caller, cost: Cost): boolean {
    const { lane, keys } = this.#routeOf(caller);
    if (!lane.works || this.#isClosed) return false;
    lane.ask({ kind, quotas: caller.quotas, keys, cost }, ignore);
    return true;
  }

  /** What is owed here since Redis was away is owed there, before anything else is charged. */
  #handOver(caller: Caller): void {
    const debts = this.#local.handOver(caller);
    if (debts === undefined) return;
    const { lane, keys } = this.#routeOf(caller);
    let missing = debts.tokens.length;
    let isDone = true;
    for (const [place, count] of debts.tokens.entries()) {
      const quota = caller.quotas[place] as CallerQuota;
      const cost = { ...free, [quota.unit]: count };
      const ask = { kind: 'raise', quotas: [quota], keys: [keys[place] as string], cost } as const;
      lane.ask(ask, (answer, isLate) => {
        if (isLate) return;
        if (answer === undefined) isDone = false;
        missing -= 1;
        if (missing === 0) this.#local.handedOver(caller, debts, isDone);
      });
    }
  }

  #routeOf(caller: Caller): Route {
    const found = this.#routes.get(caller);
    if (found !== undefined) return found;
    const { redis, prefix } = this.#deps;
    const { tag, keys } = stateKeysOf(caller, prefix);
    const route = { lane: this.#laneOf(redis.isCluster ? tag : 'b00'), keys };
    this.#routes.set(caller, route);
    return route;
  }

  #laneOf(tag: string): Lane {
    const found = this.#lanes.get(tag);
    if (found !== undefined) return found;
    const { world, soon, deadlineMs, prefix, events } = this.#deps;
    const lane = new Lane({
      script: this.#script,
      world,
      soon,
      deadlineMs,
      probeKey: keyOf(prefix, tag, 'probe'),
      events: {
        called: (asks, waitedMs) => events.called(asks, waitedMs),
        ghosts: (charged) => events.ghosts(charged),
        troubled: (reason) => {
          this.#troubles += 1;
          events.troubled(reason);
        },
        recovered: (afterMs) => {
          this.#troubles -= 1;
          events.recovered(afterMs);
        },
        learned: (reply, sentMs) => this.#learn(reply, sentMs),
      },
    });
    this.#lanes.set(tag, lane);
    return lane;
  }

  #learn(reply: BatchReply, sentMs: Ms): void {
    if (reply.damaged > 0) this.#deps.events.damaged(reply.damaged);
    this.#known.learn(reply, sentMs);
  }

  #nowUs(): Us {
    return Math.round(this.#deps.world.now() * 1_000);
  }
}

function ignore(): void {}
