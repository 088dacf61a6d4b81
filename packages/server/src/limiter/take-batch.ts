import { type Cost, costIn, type Decision, decide } from '@weir/core/admission';
import { charge, type Quota, type RateState, raise, refund, type Verdict } from '@weir/core/gcra';
import type { Us } from '@weir/core/world/world';
import type { CallerQuota } from '../tenants/caller.ts';
import { knownBy } from './known-by.ts';

/** What Redis is asked to do with the states of one caller. */
export interface Ask {
  readonly kind: 'take' | 'refund' | 'charge' | 'raise';
  readonly quotas: readonly CallerQuota[];
  /** Where their states are, in the same order. */
  readonly keys: readonly string[];
  readonly cost: Cost;
}

/** What a call did. */
export interface BatchReply {
  readonly nowUs: Us;
  /** Values that were no states; they count as none, and are replaced. */
  readonly damaged: number;
  /** One for each ask, in order; of any but a `take` it means nothing. */
  readonly decisions: readonly Decision[];
  /** The quotas that were asked about, and the states the call left, on Redis' clock. */
  readonly quotas: readonly CallerQuota[];
  readonly states: readonly (RateState | undefined)[];
}

const mostAsks = 64;
const mostParts = 2_000; // Lua's stack has room for 8,000 numbers, two for each
const stateBytes = 24;
const headBytes = 16;
const one = 0x31;
const kinds = { take: 0, refund: 1, charge: 2, raise: 3 } as const;
const laws = { refund, charge, raise };

/** One call of `take.lua`: asks gathered, packed, and what its reply means. */
export class TakeBatch {
  readonly #asks: Ask[] = [];
  readonly #keys: string[] = [];
  readonly #states: CallerQuota[] = [];
  readonly #places = new Map<string, number>();
  /** The place of each part's state, ask after ask. */
  readonly #parts: number[] = [];

  get size(): number {
    return this.#asks.length;
  }

  get keys(): readonly string[] {
    return this.#keys;
  }

  /** False where it belongs into another call: this one is full, or knows a quota by other terms. */
  add(ask: Ask): boolean {
    const { keys, quotas } = ask;
    const partsBefore = this.#parts.length;
    const isFull = this.size === mostAsks || partsBefore + keys.length > mostParts;
    if (isFull && this.size > 0) return false;
    for (let i = 0; i < keys.length; i += 1) {
      const place = this.#placeOf(keys[i] as string, quotas[i] as CallerQuota);
      if (place === undefined) {
        this.#parts.length = partsBefore; // a state that was added is read for nothing
        return false;
      }
      this.#parts.push(place);
    }
    this.#asks.push(ask);
    return true;
  }

  /** @param nowUs a test's clock; 0 for Redis' own */
  pack(nowUs: Us = 0): Buffer {
    const numbers = 3 + 2 * (this.#states.length + this.size + this.#parts.length);
    const view = new DataView(new ArrayBuffer(8 * numbers));
    view.setFloat64(0, nowUs, true);
    view.setFloat64(8, this.#states.length, true);
    view.setFloat64(16, this.size, true);
    let at = 24;
    for (const { quota, shadow } of this.#states)
      at = putPair(view, at, quota.r, shadow ? -quota.cap : quota.cap);
    let part = 0;
    for (const { kind, quotas, cost } of this.#asks) {
      at = putPair(view, at, kinds[kind], quotas.length);
      for (const { quota, unit } of quotas) {
        at = putPair(view, at, (this.#parts[part] as number) + 1, costIn(unit, cost) * quota.p);
        part += 1;
      }
    }
    return Buffer.from(view.buffer);
  }

  /** Throws where the reply is not what this call can have had. */
  read(reply: Buffer): BatchReply {
    const flagsAt = headBytes + stateBytes * this.#states.length;
    if (reply.length !== flagsAt + this.size)
      throw new Error('take.lua: a reply of another length');
    const nowUs = reply.readDoubleLE(0);
    const states: (RateState | undefined)[] = [];
    for (let at = headBytes; at < flagsAt; at += stateBytes) states.push(readState(reply, at));
    const decisions: Decision[] = [];
    let part = 0;
    for (let i = 0; i < this.size; i += 1) {
      const ask = this.#asks[i] as Ask;
      const decision = follow(ask, this.#parts, part, { states, nowUs });
      if (ask.kind === 'take' && (reply[flagsAt + i] === one) !== decision.allowed)
        throw new Error('take.lua: a decision that is not by the law');
      decisions.push(decision);
      part += ask.quotas.length;
    }
    return { nowUs, damaged: reply.readDoubleLE(8), decisions, quotas: this.#states, states };
  }

  /** undefined where it is known by other terms. */
  #placeOf(key: string, named: CallerQuota): number | undefined {
    const found = this.#places.get(key);
    if (found !== undefined) {
      return isSame(this.#states[found] as CallerQuota, named) ? found : undefined;
    }
    const place = this.#keys.push(key) - 1;
    this.#places.set(key, place);
    this.#states.push(named);
    return place;
  }
}

interface Moment {
  /** Of the whole call; what an ask changes is changed here. */
  readonly states: (RateState | undefined)[];
  readonly nowUs: Us;
}

/** Does to the states what the script did. Plain loops: this runs for every decision. */
function follow(
  { kind, quotas, cost }: Ask,
  parts: readonly number[],
  first: number,
  { states, nowUs }: Moment,
): Decision {
  if (kind !== 'take') {
    for (let i = 0; i < quotas.length; i += 1) {
      const { quota, unit } = quotas[i] as CallerQuota;
      const place = parts[first + i] as number;
      const settled = laws[kind](quota, states[place], nowUs, costIn(unit, cost));
      if (settled.changed) states[place] = settled.next;
    }
    return nothing;
  }
  const own: (RateState | undefined)[] = [];
  for (let i = 0; i < quotas.length; i += 1) own.push(states[parts[first + i] as number]);
  const decision = knownBy(decide(quotas, own, cost, nowUs), 'redis');
  for (let i = 0; i < quotas.length; i += 1) {
    const { changed, next } = decision.verdicts[i] as Verdict;
    if (changed) states[parts[first + i] as number] = next;
  }
  return decision;
}

function putPair(view: DataView, at: number, one: number, other: number): number {
  view.setFloat64(at, one, true);
  view.setFloat64(at + 8, other, true);
  return at + 16;
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
