import { type Cost, costIn, type Unit } from '../admission.ts';
import type { Limit } from '../wire/rate-headers.ts';
import type { Ms } from '../world/world.ts';
import { BlindPace } from './blind-pace.ts';
import type { AdaptiveOptions } from './pace-options.ts';
import { QuotaPace } from './quota-pace.ts';
import { SlotList } from './slot-list.ts';
import type { Outcome, Throttle, ThrottleSnapshot } from './throttle.ts';
import { type Ticket, UnderWay } from './under-way.ts';

const mostQuotas = 8;
/** Requests that are not answered for so long no longer hold up the next one. */
const longestWaitMs: Ms = 2_000;
/** So many refusals in a row without a slot show that this server gives none at present. */
const refusalsWithoutSlot = 2;
const oneEvent: Cost = { requests: 1, events: 1, bytes: 0 };

/**
 * The pace that ships: where the server sets slots aside, it keeps to them; where replies tell of
 * quotas, it mirrors these and finds its share; where they tell nothing, it finds the pace that is
 * borne. Retry-After is a floor always. Its first request goes alone, and each reply lets one more be
 * under way: senders that start together on one quota would else each spend the whole of what is
 * left. At most eight quotas are followed, the first that were told.
 */
export class AdaptiveThrottle implements Throttle {
  readonly #options: AdaptiveOptions;
  readonly #random: () => number;
  readonly #paces: QuotaPace[] = [];
  readonly #blind: BlindPace;
  readonly #slots: SlotList = new SlotList();
  readonly #underWay: UnderWay = new UnderWay();
  /** Grows by one with each success, so it doubles in a round trip, and halves with a refusal. */
  #mostUnderWay = 1;
  /** The last reply named a slot. */
  #isLed = false;
  /** The server gives slots and gave none: only what is left counts. */
  #isAlone = false;
  #refusedAlone = 0;
  #retryAtMs: Ms = -Infinity;

  /** @param random uniform in [0, 1) */
  constructor(options: AdaptiveOptions, random: () => number) {
    this.#options = options;
    this.#random = random;
    this.#blind = new BlindPace(options.blind, random);
  }

  readyAtMs(nowMs: Ms, cost: Cost): Ms {
    if (this.#slots.isLed) return this.#slots.readyAtMs(nowMs, this.#underWay.size);
    let readyMs = Math.max(nowMs, this.#retryAtMs, this.#roomAtMs(nowMs));
    if (this.#paces.length === 0) return Math.max(readyMs, this.#blind.readyAtMs(nowMs));
    for (let i = 0; i < this.#paces.length; i += 1) {
      const pace = this.#paces[i] as QuotaPace;
      const tokens = costIn(pace.unit, cost);
      const turnMs = this.#isAlone ? pace.earnedAtMs(nowMs, tokens) : pace.readyAtMs(nowMs, tokens);
      readyMs = Math.max(readyMs, turnMs);
    }
    return readyMs;
  }

  sent(nowMs: Ms, cost: Cost): number {
    const ticket = this.#underWay.add(nowMs, cost);
    for (let i = 0; i < this.#paces.length; i += 1) {
      const pace = this.#paces[i] as QuotaPace;
      ticket.sentTokens[i] = pace.sent(nowMs, costIn(pace.unit, cost));
    }
    if (this.#paces.length === 0) this.#blind.sent(nowMs);
    if (this.#slots.isLed) this.#slots.sent();
    return ticket.sent;
  }

  learn(outcome: Outcome, nowMs: Ms): void {
    const { sent, cause, retryAfterMs, nextMs, limits } = outcome;
    const ticket = this.#underWay.take(sent);
    if (ticket === undefined) return;
    const isCharged = cause === 'ok' || cause === 'fault'; // whether a fault was, nobody knows
    for (let i = 0; i < this.#paces.length; i += 1) {
      const pace = this.#paces[i] as QuotaPace;
      pace.ended(nowMs, costIn(pace.unit, ticket.cost), isCharged);
    }
    if (cause === 'overloaded' || cause === 'fault') return;
    const admitted = cause === 'ok';
    this.#mostUnderWay = admitted ? this.#mostUnderWay + 1 : Math.ceil(this.#mostUnderWay / 2);
    this.#isLed = nextMs !== undefined;
    for (let i = 0; i < limits.length; i += 1) {
      this.#learnLimit(limits[i] as Limit, outcome, ticket, nowMs);
    }
    if (this.#paces.length === 0) this.#learnBlindly(admitted, ticket, retryAfterMs ?? 0, nowMs);
    if (!admitted && retryAfterMs !== undefined) {
      this.#retryAtMs = Math.max(this.#retryAtMs, nowMs + retryAfterMs);
    }
    this.#learnSlot(admitted, nextMs, limits, nowMs);
  }

  snapshot(nowMs: Ms): ThrottleSnapshot {
    const readyAtMs = this.readyAtMs(nowMs, oneEvent);
    const waitingFor = this.#reason(nowMs, readyAtMs);
    if (this.#paces.length === 0) {
      return { perSecond: this.#blind.perSecond, remaining: undefined, readyAtMs, waitingFor };
    }
    let perSecond = Infinity;
    let remaining = Infinity;
    for (const pace of this.#paces) {
      perSecond = Math.min(perSecond, pace.perSecond);
      remaining = Math.min(remaining, Math.max(0, Math.floor(pace.leftAt(nowMs))));
    }
    return { perSecond, remaining, readyAtMs, waitingFor };
  }

  /** When one more may be under way: now, or when the replies that are waited for take too long. */
  #roomAtMs(nowMs: Ms): Ms {
    if (this.#underWay.size < this.#mostUnderWay) return nowMs;
    const { newest } = this.#underWay;
    return newest === undefined ? nowMs : Math.max(nowMs, newest.sentMs + longestWaitMs);
  }

  #reason(nowMs: Ms, readyAtMs: Ms): ThrottleSnapshot['waitingFor'] {
    if (readyAtMs <= nowMs) return 'nothing';
    if (this.#slots.isLed) return 'slot';
    return this.#retryAtMs >= readyAtMs ? 'retry_after' : 'pace';
  }

  #learnBlindly(admitted: boolean, { sentMs }: Ticket, waitMs: Ms, nowMs: Ms): void {
    if (admitted) this.#blind.admitted();
    else this.#blind.refused(sentMs, waitMs, nowMs);
  }

  /** A server that gives slots says by giving none that nobody else is about. */
  #learnSlot(admitted: boolean, nextMs: Ms | undefined, limits: readonly Limit[], nowMs: Ms): void {
    if (nextMs !== undefined) {
      this.#slots.add(nowMs + nextMs, admitted);
      this.#refusedAlone = 0;
      this.#isAlone = true;
      return;
    }
    if (this.#slots.isLed) this.#slots.release();
    if (!this.#options.named) return;
    this.#refusedAlone = admitted ? 0 : this.#refusedAlone + 1;
    const isWeir = limits.some(({ burst }) => burst !== undefined);
    this.#isAlone = isWeir && this.#refusedAlone < refusalsWithoutSlot;
  }

  #learnLimit(limit: Limit, { cause, retryAfterMs }: Outcome, ticket: Ticket, nowMs: Ms): void {
    const place = this.#placeOf(limit, ticket);
    const pace = this.#paces[place];
    if (pace === undefined) return;
    const tokens = costIn(unitOf(limit), ticket.cost);
    const { sentMs } = ticket;
    const sentTokens = ticket.sentTokens[place] as number;
    const admitted = cause === 'ok';
    const isLed = this.#isLed;
    const waitMs = admitted || !isLed ? 0 : (retryAfterMs ?? 0); // weir's is exact
    pace.learn(limit, admitted, { sentMs, tokens, sentTokens, isLed, waitMs }, nowMs);
  }

  /** Where a quota stands; -1 where its rate was never told, or too many are known. */
  #placeOf(limit: Limit, ticket: Ticket): number {
    const { name, tokens, periodMs, burst = Infinity } = limit;
    const paces = this.#paces;
    let place = 0;
    while (place < paces.length && (paces[place] as QuotaPace).name !== name) place += 1;
    if (tokens === undefined || periodMs === undefined || tokens <= 0 || periodMs <= 0) {
      return place < paces.length ? place : -1;
    }
    const unit = unitOf(limit);
    const known = paces[place];
    if (known !== undefined) {
      known.unit = unit;
      known.setTerms(tokens, periodMs, burst);
      return place;
    }
    if (place >= mostQuotas) return -1;
    const terms = { name, unit, tokens, periodMs, burst };
    const pace = new QuotaPace(terms, this.#options.pace, this.#random);
    paces.push(pace);
    // What was sent before its first reply counts as well.
    for (const late of [ticket, ...this.#underWay.all()]) {
      late.sentTokens[place] = pace.sent(late.sentMs, costIn(unit, late.cost));
    }
    pace.ended(ticket.sentMs, costIn(unit, ticket.cost), true);
    return place;
  }
}

/**
 * What a quota counts. The draft has it that a policy without a unit counts requests; weir, which
 * always tells its burst, leaves the unit out for events alone.
 */
function unitOf({ unit, burst }: Limit): Unit {
  return unit ?? (burst === undefined ? 'requests' : 'events');
}
