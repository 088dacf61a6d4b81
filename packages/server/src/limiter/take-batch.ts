import { type Cost, costIn, type Decision, decide } from '@weir/core/admission';
import { charge, type Quota, type RateState, refund } from '@weir/core/gcra';
import type { Us } from '@weir/core/world/world';
import type { CallerQuota } from '../tenants/caller.ts';

/** What Redis is asked to do with the states of one caller. */
export interface Ask {
  readonly kind: 'take' | 'refund' | 'charge';
  readonly quotas: readonly CallerQuota[];
  /** Where their states are, in the same order. */
  readonly keys: readonly string[];
  readonly cost: Cost;
}

/** A state as a call left it, on Redis' clock. */
export interface LeftState {
  readonly named: CallerQuota;
  readonly state: RateState | undefined;
}

/** What a call did. */
export interface BatchReply {
  readonly nowUs: Us;
  /** Values that were no states; they count as none, and are replaced. */
  readonly damaged: number;
  /** One for each ask, in order; after a refund or a forced charge it means nothing. */
  readonly decisions: readonly Decision[];
  readonly left: readonly LeftState[];
}

const mostAsks = 64;
const mostNumbers = 4_000; // Lua's stack has room for twice as many
const stateBytes = 24;
const headBytes = 16;
const kinds = { take: 0, refund: 1, charge: 2 } as const;
const laws = { refund, charge };

/** One call of `take.lua`: asks gathered, packed, and what its reply means. */
export class TakeBatch {
  readonly #asks: Ask[] = [];
  readonly #keys: string[] = [];
  readonly #states: CallerQuota[] = [];
  readonly #places = new Map<string, number>();
  #numbers = 3;

  get size(): number {
    return this.#asks.length;
  }

  get keys(): readonly string[] {
    return this.#keys;
  }

  /** False where it belongs into another call: this one is full, or knows a quota by other terms. */
  add(ask: Ask): boolean {
    const numbers = 2 + 4 * ask.keys.length;
    const isFull = this.size === mostAsks || this.#numbers + numbers > mostNumbers;
    if ((isFull && this.size > 0) || !this.#agrees(ask)) return false;
    this.#numbers += numbers;
    this.#asks.push(ask);
    for (let i = 0; i < ask.keys.length; i += 1) {
      const key = ask.keys[i] as string;
      if (this.#places.has(key)) continue;
      this.#places.set(key, this.#keys.push(key));
      this.#states.push(ask.quotas[i] as CallerQuota);
    }
    return true;
  }

  /** @param nowUs a test's clock; 0 for Redis' own */
  pack(nowUs: Us = 0): Buffer {
    const view = new DataView(new ArrayBuffer(8 * this.#numbers));
    let at = 0;
    const put = (value: number): void => {
      view.setFloat64(at, value, true);
      at += 8;
    };
    put(nowUs);
    put(this.#states.length);
    put(this.size);
    for (const { quota, shadow } of this.#states) {
      put(quota.r);
      put(shadow ? -quota.cap : quota.cap);
    }
    for (const { kind, quotas, keys, cost } of this.#asks) {
      put(kinds[kind]);
      put(keys.length);
      for (let i = 0; i < keys.length; i += 1) {
        const { quota, unit } = quotas[i] as CallerQuota;
        put(this.#places.get(keys[i] as string) as number);
        put(costIn(unit, cost) * quota.p);
      }
    }
    return Buffer.from(view.buffer, 0, at);
  }

  /** Throws where the reply is not what this call can have had. */
  read(reply: Buffer): BatchReply {
    const flagsAt = headBytes + stateBytes * this.#states.length;
    if (reply.length !== flagsAt + this.size)
      throw new Error('take.lua: a reply of another length');
    const nowUs = reply.readDoubleLE(0);
    const states = this.#states.map((_, i) => readState(reply, headBytes + stateBytes * i));
    const decisions = this.#asks.map((ask, i) => {
      const decision = this.#follow(ask, states, nowUs);
      const said = reply[flagsAt + i] === 0x31;
      if (ask.kind === 'take' && said !== decision.allowed)
        throw new Error('take.lua: a decision that is not by the law');
      return decision;
    });
    const left = this.#states.map((named, i) => ({ named, state: states[i] }));
    return { nowUs, damaged: reply.readDoubleLE(8), decisions, left };
  }

  /** Does to `states` what the script did. */
  #follow(ask: Ask, states: (RateState | undefined)[], nowUs: Us): Decision {
    const { kind, quotas, keys, cost } = ask;
    const places = keys.map((key) => (this.#places.get(key) as number) - 1);
    if (kind !== 'take') {
      for (const [i, place] of places.entries()) {
        const { quota, unit } = quotas[i] as CallerQuota;
        const settled = laws[kind](quota, states[place], nowUs, costIn(unit, cost));
        if (settled.changed) states[place] = settled.next;
      }
      return nothing;
    }
    const own = places.map((place) => states[place]);
    const decision = decide(quotas, own, cost, nowUs);
    for (const [i, place] of places.entries()) {
      const verdict = decision.verdicts[i];
      if (verdict?.changed) states[place] = verdict.next;
    }
    return { ...decision, source: 'redis' };
  }

  #agrees({ keys, quotas }: Ask): boolean {
    return keys.every((key, i) => {
      const place = this.#places.get(key);
      if (place === undefined) return true;
      return isSame(this.#states[place - 1] as CallerQuota, quotas[i] as CallerQuota);
    });
  }
}

function isSame(one: CallerQuota, other: CallerQuota): boolean {
  return one === other || (one.shadow === other.shadow && hasSameTerms(one.quota, other.quota));
}

/** Whether two quotas decide alike. */
export function hasSameTerms(one: Quota, other: Quota): boolean {
  return one === other || (one.p === other.p && one.r === other.r && one.cap === other.cap);
}

function readState(reply: Buffer, at: number): RateState | undefined {
  const r = reply.readDoubleLE(at + 16);
  if (r === 0) return undefined;
  return { tatUs: reply.readDoubleLE(at), rest: reply.readDoubleLE(at + 8), r };
}

const nothing: Decision = decide([], [], { requests: 0, events: 0, bytes: 0 }, 0);
