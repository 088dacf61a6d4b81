import { gcra, type Quota, type RateState, type Verdict } from './gcra.ts';
import type { Us } from './world/world.ts';

/** What one request costs. Whole numbers; 0 where it costs nothing of that kind. */
export interface Cost {
  readonly requests: number;
  readonly events: number;
  readonly bytes: number;
}

/** What a quota counts. */
export type Unit = keyof Cost;

/** One of the quotas that a request is held to. */
export interface NamedQuota {
  readonly name: string;
  readonly unit: Unit;
  readonly quota: Quota;
  /** Decides and is told of, and refuses nobody: for trying a quota out. */
  readonly shadow?: boolean;
}

/**
 * Who knew the answer. `memory`: this process, which nobody shares the quota with; `redis`: the state
 * that all servers share; `remembered`: what this server saw last of that; `local`: this server's
 * share of the quota, as the shared state is out of reach. Then a no says nothing about the quota.
 */
export type DecisionSource = 'memory' | 'redis' | 'remembered' | 'local';

/** A cost that no waiting cures. */
export interface Oversize {
  /** Which of the quotas. */
  readonly index: number;
  readonly cost: number;
  readonly burst: number;
}

/** Yes or no to a whole request, and all that a reply says about it. Places are those of `quotas`. */
export interface Decision {
  readonly allowed: boolean;
  /** False where it was remembered: then `retryAfterUs` is a lower bound. */
  readonly exact: boolean;
  readonly source: DecisionSource;
  /** The quotas that refuse, by place; empty when allowed. */
  readonly violated: readonly number[];
  /** The quotas on trial that would have refused, by place. They were charged nothing. */
  readonly shadowed: readonly number[];
  readonly oversize: Oversize | undefined;
  /** Until every violated quota passes; 0 when allowed, Infinity when oversize. */
  readonly retryAfterUs: Us;
  /**
   * The quota with the least share of its burst left, among the violated ones if there are any; -1
   * where all are on trial, of which nobody is told.
   */
  readonly tightest: number;
  /** One for each quota; a refused request's are as if it had not been made. */
  readonly verdicts: readonly Verdict[];
}

const none: readonly number[] = [];

/**
 * May a request that costs `cost` pass all of its quotas at `nowUs`?
 *
 * Everything is checked before anything is charged: a single no takes nothing anywhere. Pure: it
 * counts only once the caller has kept `next` of every verdict that is `changed`. That includes a
 * refused request's, since a debt above its burst is cut even then.
 *
 * @param quotas at least one
 * @param states what was kept for each of them, in the same order
 */
export function decide(
  quotas: readonly NamedQuota[],
  states: readonly (RateState | undefined)[],
  cost: Cost,
  nowUs: Us,
): Decision {
  const verdicts: Verdict[] = [];
  let allowed = true;
  let shadowed = none;
  for (let i = 0; i < quotas.length; i += 1) {
    const named = quotas[i] as NamedQuota;
    const verdict = gcra(named.quota, states[i], nowUs, costIn(named.unit, cost));
    if (!verdict.allowed) {
      if (named.shadow === true) shadowed = [...shadowed, i];
      else allowed = false;
    }
    verdicts.push(verdict);
  }
  if (!allowed) {
    forgetPassed(quotas, states, verdicts, nowUs);
    return refusal(quotas, verdicts, cost, shadowed);
  }
  return {
    allowed,
    exact: true,
    source: 'memory',
    violated: none,
    shadowed,
    oversize: undefined,
    retryAfterUs: 0,
    tightest: tightestOf(quotas, verdicts, true),
    verdicts,
  };
}

/** The part of a cost that a quota of this unit counts. */
export function costIn(unit: Unit, cost: Cost): number {
  // Three named loads: a load by computed name is several times slower.
  if (unit === 'requests') return cost.requests;
  return unit === 'events' ? cost.events : cost.bytes;
}

/** Whether at least four fifths of a quota's burst are spent: time to look, before anyone is refused. */
export function isNearLimit({ quota }: NamedQuota, { remaining }: Verdict): boolean {
  return remaining * 5 <= quota.burst;
}

/** What passed on its own is charged nothing after all, since another quota refuses. */
function forgetPassed(
  quotas: readonly NamedQuota[],
  states: readonly (RateState | undefined)[],
  verdicts: Verdict[],
  nowUs: Us,
): void {
  for (let i = 0; i < quotas.length; i += 1) {
    if ((verdicts[i] as Verdict).allowed) {
      verdicts[i] = gcra((quotas[i] as NamedQuota).quota, states[i], nowUs, 0);
    }
  }
}

function refusal(
  quotas: readonly NamedQuota[],
  verdicts: readonly Verdict[],
  cost: Cost,
  shadowed: readonly number[],
): Decision {
  const violated: number[] = [];
  let oversize: Oversize | undefined;
  let retryAfterUs = 0;
  for (let i = 0; i < quotas.length; i += 1) {
    const verdict = verdicts[i] as Verdict;
    if (verdict.allowed || quotas[i]?.shadow === true) continue;
    violated.push(i);
    if (verdict.retryAfterUs > retryAfterUs) retryAfterUs = verdict.retryAfterUs;
    if (verdict.oversize && oversize === undefined) {
      const { unit, quota } = quotas[i] as NamedQuota;
      oversize = { index: i, cost: costIn(unit, cost), burst: quota.burst };
    }
  }
  return {
    allowed: false,
    exact: true,
    source: 'memory',
    violated,
    shadowed,
    oversize,
    retryAfterUs,
    tightest: tightestOf(quotas, verdicts, false),
    verdicts,
  };
}

/** Looks only at quotas that allow, or only at those that refuse; the first of equals wins. */
function tightestOf(
  quotas: readonly NamedQuota[],
  verdicts: readonly Verdict[],
  allowed: boolean,
): number {
  let tightest = -1;
  let least = Infinity;
  for (let i = 0; i < quotas.length; i += 1) {
    const { quota, shadow } = quotas[i] as NamedQuota;
    const verdict = verdicts[i] as Verdict;
    const share = verdict.remaining / quota.burst;
    if (verdict.allowed === allowed && share < least && shadow !== true) {
      tightest = i;
      least = share;
    }
  }
  return tightest;
}
