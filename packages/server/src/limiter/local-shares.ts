import { type Cost, costIn, type Decision, decide, type NamedQuota } from '@weir/core/admission';
import {
  charge,
  compileQuota,
  type Quota,
  type RateState,
  refund,
  type Verdict,
} from '@weir/core/gcra';
import type { Us, World } from '@weir/core/world/world';
import type { Caller, CallerQuota } from '../tenants/caller.ts';
import type { KnownStates } from './known-states.ts';
import { RateStates } from './rate-states.ts';

export interface LocalSharesDeps {
  readonly world: World;
  /** How many servers share the quotas. */
  readonly servers: () => number;
  /** What was seen last of the shared states: each share begins as full or empty as they were. */
  readonly known: KnownStates;
}

interface ShareQuota extends NamedQuota {
  readonly stateKey: string;
  /** What it is a share of. */
  readonly whole: Quota;
}

/** Debts on their way to where all servers see them, by the places of a caller's quotas. */
export interface Handover {
  readonly tokens: readonly number[];
  readonly states: readonly (RateState | undefined)[];
}

/** The quotas of a caller, each cut to one server's share, at the same places. */
interface Share {
  readonly servers: number;
  readonly quotas: readonly ShareQuota[];
  /** Places of the quotas that let nobody pass. */
  readonly closed: readonly number[];
}

const free: Cost = { requests: 0, events: 0, bytes: 0 };
const retryAfterUs = 1_000_000;

/**
 * What holds while the states that servers share are out of reach: of each quota this server's share,
 * so that all together still let no more through than the quota allows. A no of it says nothing about
 * the quota: all decisions are of the source `local`. Holds what `RateStates` does.
 */
export class LocalShares {
  readonly #deps: LocalSharesDeps;
  readonly #states = new RateStates();
  readonly #shares = new WeakMap<Caller, Share>();
  readonly #handing = new WeakSet<Caller>();
  #latestTatUs: Us = 0;

  constructor(deps: LocalSharesDeps) {
    this.#deps = deps;
  }

  /** Whether anything was charged here that may not be paid yet. */
  get owes(): boolean {
    return this.#states.size > 0 && this.#latestTatUs > this.#nowUs();
  }

  take(caller: Caller, cost: Cost): Decision {
    const share = this.#shareOf(caller);
    const nowUs = this.#nowUs();
    const refused = this.#refusedAnyway(caller, share, cost, nowUs);
    if (refused !== undefined) return refused;
    const decision = decide(share.quotas, this.#statesOf(share), cost, nowUs);
    for (const [place, { stateKey }] of share.quotas.entries()) {
      const verdict = decision.verdicts[place] as Verdict;
      this.#states.keep(stateKey, verdict, nowUs);
      if (verdict.next !== undefined) {
        this.#latestTatUs = Math.max(this.#latestTatUs, verdict.next.tatUs);
      }
    }
    return asLocal(decision);
  }

  /** A refusal that is certain, at the least a request can cost. Charges nothing. */
  knownRefusal(caller: Caller, leastCost: Cost): Decision | undefined {
    const share = this.#shareOf(caller);
    const nowUs = this.#nowUs();
    const refused = this.#refusedAnyway(caller, share, leastCost, nowUs);
    if (refused !== undefined) return refused;
    const decision = decide(share.quotas, this.#statesOf(share), leastCost, nowUs);
    return decision.allowed ? undefined : asLocal(decision);
  }

  /** Gives back here, wherever it was charged: nobody is owed anything by a share. */
  refund(caller: Caller, cost: Cost): void {
    this.#settle(caller, cost, refund);
  }

  charge(caller: Caller, cost: Cost): void {
    this.#settle(caller, cost, charge);
  }

  /** The whole quotas as far as they are known. */
  peek({ quotas }: Caller): Decision {
    return asLocal(decide(quotas, this.#deps.known.of(quotas), free, this.#nowUs()));
  }

  /**
   * What is owed here, of each quota how many tokens if all servers' shares are as full as this one,
   * rounded up: to be seen to where all servers see it. undefined where nothing is, or where it is
   * being handed over already. Until `handedOver` it is still owed here.
   */
  handOver(caller: Caller): Handover | undefined {
    if (this.#handing.has(caller)) return undefined;
    const nowUs = this.#nowUs();
    const states = this.#states.of(caller.quotas);
    const tokens = caller.quotas.map(({ quota }, place) => {
      // What takes so long to be paid here, takes as long at the full rate.
      const owedUs = Math.max(0, (states[place]?.tatUs ?? 0) - nowUs);
      return Math.min(quota.burst, Math.ceil((owedUs * quota.r) / quota.p));
    });
    if (tokens.every((count) => count === 0)) return undefined;
    this.#handing.add(caller);
    return { tokens, states };
  }

  /** @param isDone whether it is owed there now; what was charged here meanwhile stays */
  handedOver(caller: Caller, { states }: Handover, isDone: boolean): void {
    this.#handing.delete(caller);
    if (!isDone) return;
    for (const [place, { stateKey }] of caller.quotas.entries()) {
      if (this.#states.get(stateKey) === states[place]) this.#states.delete(stateKey);
    }
  }

  #settle(caller: Caller, cost: Cost, law: typeof refund): void {
    const nowUs = this.#nowUs();
    const { quotas } = this.#shareOf(caller);
    const states = this.#statesOf({ quotas });
    for (const [place, { stateKey, quota, unit }] of quotas.entries()) {
      this.#states.keep(stateKey, law(quota, states[place], nowUs, costIn(unit, cost)), nowUs);
    }
  }

  /** What no waiting cures is told as such even now; a closed quota refuses whatever the others say. */
  #refusedAnyway(caller: Caller, share: Share, cost: Cost, nowUs: Us): Decision | undefined {
    const isOversize = caller.quotas.some(
      ({ quota, unit, shadow }) => !shadow && costIn(unit, cost) > quota.burst,
    );
    if (isOversize) return { ...decide(caller.quotas, [], cost, nowUs), source: 'local' };
    if (share.closed.length === 0) return undefined;
    const decision = decide(share.quotas, this.#statesOf(share), free, nowUs);
    return asLocal({ ...decision, allowed: false, violated: share.closed });
  }

  /**
   * A share begins as full as the whole was seen last: what takes so long to be paid at the full rate
   * and burst, takes as long at a share of both.
   */
  #statesOf({ quotas }: Pick<Share, 'quotas'>): readonly (RateState | undefined)[] {
    return quotas.map(
      ({ stateKey, whole }) => this.#states.get(stateKey) ?? this.#deps.known.get(stateKey, whole),
    );
  }

  #shareOf(caller: Caller): Share {
    const servers = this.#deps.servers();
    const cached = this.#shares.get(caller);
    if (cached?.servers === servers) return cached;
    const places = [...caller.quotas.keys()];
    const share: Share = {
      servers,
      quotas: caller.quotas.map((named) => shareOf(named, servers)),
      closed: places.filter((place) => isClosed(caller.quotas[place] as CallerQuota)),
    };
    this.#shares.set(caller, share);
    return share;
  }

  #nowUs(): Us {
    return Math.round(this.#deps.world.now() * 1_000);
  }
}

function isClosed({ onTrouble, shadow }: CallerQuota): boolean {
  return onTrouble === 'closed' && !shadow;
}

function shareOf(planned: CallerQuota, servers: number): ShareQuota {
  const { name, unit, quota, shadow, onTrouble, stateKey } = planned;
  const isOpen = shadow || onTrouble === 'open';
  return { name, unit, stateKey, shadow: isOpen, quota: cut(quota, servers), whole: quota };
}

/** Rate and burst by the number of servers; at least one token, so that nobody is shut out. */
function cut(quota: Quota, servers: number): Quota {
  const { tokens, periodUs, burst } = quota;
  const share = {
    tokens,
    periodUs: periodUs * servers,
    burst: Math.max(1, Math.floor(burst / servers)),
  };
  try {
    return compileQuota(share);
  } catch {
    return quota; // beyond what can be counted exactly: a month and more for each token
  }
}

function asLocal(decision: Decision): Decision {
  return {
    ...decision,
    exact: false,
    source: 'local',
    oversize: undefined,
    retryAfterUs: decision.allowed ? 0 : retryAfterUs,
  };
}
