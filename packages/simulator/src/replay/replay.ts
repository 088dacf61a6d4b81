import type { Unit } from '@weir/core/admission';
import { gcra, type Quota, type RateState } from '@weir/core/gcra';
import type { Us } from '@weir/core/world/world';
import { LatencyHistogram } from '../model/latency-histogram.ts';
import type { Arrival } from './trace-parser.ts';

/** How one key fared. */
export interface KeyReplay {
  readonly key: string;
  readonly requests: number;
  readonly refused: number;
}

/** What a quota would have done to a trace. Each key has the quota to itself. */
export interface ReplayReport {
  readonly keys: number;
  readonly requests: number;
  readonly events: number;
  readonly bytes: number;
  readonly spanUs: Us;
  /** Requests in the busiest second, counted from the first. */
  readonly busiestSecond: number;
  /** Of requests, sent as they came and never again: from 0 to 1. */
  readonly refusedShare: number;
  readonly keysRefused: number;
  /** Above the burst: refused whatever is done. */
  readonly oversize: number;
  /** The least burst with which no request of fitting size had been refused, at this rate. */
  readonly burstNeeded: number;
  /** The same requests, each held back by its sender until it passes: refused are none. */
  readonly paced: {
    readonly heldShare: number;
    readonly waitP50Ms: number;
    readonly waitP99Ms: number;
    readonly waitMaxMs: number;
  };
  /** Those refused most, at most ten. */
  readonly worst: readonly KeyReplay[];
}

const worstAtMost = 10;
const secondUs = 1_000_000;
const most = 9_007_199_254_740_991;
const levelNoise = 1e-9; // of adding fractions; no more than a token could matter

interface KeyState {
  spent: RateState | undefined;
  held: RateState | undefined;
  /** When the last of the paced requests went. */
  heldUntilUs: Us;
  /** Debt without any burst, in tokens: its peak is the burst that would have been enough. */
  level: number;
  levelUs: Us;
  requests: number;
  refused: number;
}

/** Holds a trace against a quota, with the rate law that ships, request by request. */
export class Replay {
  readonly #quota: Quota;
  readonly #unit: Unit;
  readonly #keys: KeyState[] = [];
  readonly #waits = new LatencyHistogram();
  #firstUs: Us = 0;
  #lastUs: Us = 0;
  #requests = 0;
  #events = 0;
  #bytes = 0;
  #oversize = 0;
  #heldBack = 0;
  #longestUs: Us = 0;
  #burstNeeded = 0;
  #secondEndUs: Us = 0;
  #inSecond = 0;
  #busiest = 0;

  constructor(quota: Quota, unit: Unit) {
    this.#quota = quota;
    this.#unit = unit;
  }

  get requests(): number {
    return this.#requests;
  }

  take(arrival: Arrival): void {
    const { us } = arrival;
    if (this.#requests === 0) this.#begin(us);
    this.#requests += 1;
    this.#events += arrival.events;
    this.#bytes += arrival.bytes;
    this.#lastUs = us;
    this.#countSecond(us);
    const cost = this.#unit === 'requests' ? 1 : arrival[this.#unit];
    let state = this.#keys[arrival.key];
    if (state === undefined) {
      state = fresh(us);
      this.#keys[arrival.key] = state;
    }
    state.requests += 1;
    this.#asItCame(state, us, cost);
    if (cost <= this.#quota.burst) this.#paced(state, us, cost);
  }

  report(names: readonly string[]): ReplayReport {
    const keys = this.#keys.map(({ requests, refused }, i) => ({
      key: names[i] ?? '',
      requests,
      refused,
    }));
    const refused = keys.reduce((sum, key) => sum + key.refused, 0);
    const share = (part: number) => (this.#requests === 0 ? 0 : part / this.#requests);
    const ms = (quantile: number) => this.#waits.quantileUs(quantile) / 1_000;
    return {
      keys: keys.length,
      requests: this.#requests,
      events: this.#events,
      bytes: this.#bytes,
      spanUs: this.#lastUs - this.#firstUs,
      busiestSecond: Math.max(this.#busiest, this.#inSecond),
      refusedShare: share(refused),
      keysRefused: keys.filter((key) => key.refused > 0).length,
      oversize: this.#oversize,
      burstNeeded: Math.ceil(this.#burstNeeded - levelNoise),
      paced: {
        heldShare: share(this.#heldBack),
        waitP50Ms: ms(0.5),
        waitP99Ms: ms(0.99),
        waitMaxMs: this.#longestUs / 1_000,
      },
      worst: keys
        .filter((key) => key.refused > 0)
        .sort((a, b) => b.refused - a.refused || (a.key < b.key ? -1 : 1))
        .slice(0, worstAtMost),
    };
  }

  #begin(us: Us): void {
    this.#firstUs = us;
    this.#secondEndUs = us + secondUs;
  }

  #countSecond(us: Us): void {
    if (us >= this.#secondEndUs) {
      this.#busiest = Math.max(this.#busiest, this.#inSecond);
      this.#inSecond = 0;
      this.#secondEndUs += Math.ceil((us - this.#secondEndUs + 1) / secondUs) * secondUs;
    }
    this.#inSecond += 1;
  }

  #asItCame(state: KeyState, us: Us, cost: number): void {
    const verdict = gcra(this.#quota, state.spent, us, cost);
    if (verdict.changed) state.spent = verdict.next;
    if (!verdict.allowed) state.refused += 1;
    if (verdict.oversize) this.#oversize += 1;
    const earned = ((us - state.levelUs) * this.#quota.r) / this.#quota.p;
    state.level = Math.max(0, state.level - earned) + cost;
    state.levelUs = us;
    if (state.level > this.#burstNeeded) this.#burstNeeded = Math.min(most, state.level);
  }

  /** First come, first served: nobody overtakes a request of the same key that waits. */
  #paced(state: KeyState, us: Us, cost: number): void {
    const from = Math.max(us, state.heldUntilUs);
    let verdict = gcra(this.#quota, state.held, from, cost);
    let goesUs = from;
    if (!verdict.allowed) {
      goesUs = from + verdict.retryAfterUs;
      verdict = gcra(this.#quota, state.held, goesUs, cost);
    }
    if (verdict.changed) state.held = verdict.next;
    state.heldUntilUs = goesUs;
    const waitUs = goesUs - us;
    if (waitUs > 0) this.#heldBack += 1;
    if (waitUs > this.#longestUs) this.#longestUs = waitUs;
    this.#waits.add(waitUs);
  }
}

function fresh(us: Us): KeyState {
  return {
    spent: undefined,
    held: undefined,
    heldUntilUs: 0,
    level: 0,
    levelUs: us,
    requests: 0,
    refused: 0,
  };
}
