import type { Cost } from '../admission.ts';
import type { Limit } from '../wire/rate-headers.ts';
import type { Ms } from '../world/world.ts';
import { BlindPace } from './blind-pace.ts';
import { type AdaptiveOptions, blindDefaults } from './pace-options.ts';
import { type PacedRequest, QuotaPace } from './quota-pace.ts';
import { SlotList } from './slot-list.ts';
import type { Outcome, Throttle, ThrottleSnapshot } from './throttle.ts';

const mostQuotas = 8;
const mostUnderWay = 65_536;

interface Ticket {
  readonly sentMs: Ms;
  readonly cost: Cost;
  /** By quota: tokens sent until and with it. */
  readonly sentTokens: Map<string, number>;
}

const oneEvent: Cost = { requests: 1, events: 1, bytes: 0 };

/**
 * The pace that ships: where the server sets slots aside, it keeps to them; where replies tell of
 * quotas, it mirrors these and finds its share; and Retry-After is a floor always. Its own first
 * request goes alone, since only its reply tells how many more may follow.
 */
export class AdaptiveThrottle implements Throttle {
  readonly #options: AdaptiveOptions;
  readonly #random: () => number;
  readonly #quotas = new Map<string, { limit: Limit; pace: QuotaPace }>();
  readonly #blind: BlindPace;
  readonly #slots = new SlotList();
  readonly #tickets = new Map<number, Ticket>();
  #sent = 0;
  #hasHeard = false;
  /** The server gives slots and gave none: only what is left counts. */
  #isAlone = false;
  #refusedAlone = 0;
  #retryAtMs: Ms = -Infinity;

  constructor(options: AdaptiveOptions, random: () => number) {
    this.#options = options;
    this.#random = random;
    this.#blind = new BlindPace({ ...blindDefaults, ...options.blind }, random);
  }

  readyAtMs(nowMs: Ms, cost: Cost): Ms {
    if (!this.#hasHeard && this.#tickets.size > 0) return Infinity;
    if (this.#slots.isLed) return this.#slots.readyAtMs(nowMs, this.#tickets.size);
    if (this.#quotas.size === 0) return this.#blind.readyAtMs(nowMs);
    let readyMs = Math.max(nowMs, this.#retryAtMs);
    for (const { limit, pace } of this.#quotas.values()) {
      const tokens = tokensOf(limit, cost);
      const turnMs = this.#isAlone ? pace.earnedAtMs(nowMs, tokens) : pace.readyAtMs(nowMs, tokens);
      readyMs = Math.max(readyMs, turnMs);
    }
    return readyMs;
  }

  sent(nowMs: Ms, cost: Cost): number {
    this.#sent += 1;
    const sentTokens = new Map<string, number>();
    for (const [name, { limit, pace }] of this.#quotas) {
      sentTokens.set(name, pace.sent(nowMs, tokensOf(limit, cost)));
    }
    this.#slots.sent();
    this.#blind.sent(nowMs);
    this.#tickets.set(this.#sent, { sentMs: nowMs, cost, sentTokens });
    if (this.#tickets.size > mostUnderWay) {
      for (const oldest of this.#tickets.keys()) {
        this.#tickets.delete(oldest);
        break;
      }
    }
    return this.#sent;
  }

  learn({ sent, cause, retryAfterMs, nextMs, limits }: Outcome, nowMs: Ms): void {
    const ticket = this.#tickets.get(sent);
    this.#tickets.delete(sent);
    this.#hasHeard = true;
    if (ticket === undefined) return;
    const isCharged = cause === 'ok' || cause === 'fault'; // whether a fault was, nobody knows
    for (const { limit, pace } of this.#quotas.values()) {
      pace.ended(nowMs, tokensOf(limit, ticket.cost), isCharged);
    }
    if (cause === 'overloaded' || cause === 'fault') return;
    for (let i = 0; i < limits.length; i += 1) {
      this.#learnLimit(limits[i] as Limit, cause === 'ok', ticket, nowMs);
    }
    if (cause === 'ok') {
      this.#blind.admitted();
    } else {
      this.#blind.refused(ticket.sentMs, retryAfterMs ?? 0, nowMs);
      this.#retryAtMs = Math.max(this.#retryAtMs, nowMs + (retryAfterMs ?? 0));
    }
    this.#learnSlot(cause === 'ok', nextMs, limits, nowMs);
  }

  /**
   * A server that gives slots says by giving none that nobody else is about. Two refusals in a row
   * without a slot show that this one does not give any, or not at present.
   */
  #learnSlot(admitted: boolean, nextMs: Ms | undefined, limits: readonly Limit[], nowMs: Ms): void {
    if (nextMs !== undefined) {
      this.#slots.add(nowMs + nextMs, 1);
      this.#isAlone = true;
      this.#refusedAlone = 0;
      return;
    }
    this.#slots.release();
    const isWeir = this.#options.named && limits.some(({ burst }) => burst !== undefined);
    this.#refusedAlone = admitted ? 0 : this.#refusedAlone + 1;
    this.#isAlone = isWeir && this.#refusedAlone < 2;
  }

  snapshot(nowMs: Ms): ThrottleSnapshot {
    const readyAtMs = this.readyAtMs(nowMs, oneEvent);
    let perSecond: number | undefined;
    let remaining: number | undefined;
    for (const { pace } of this.#quotas.values()) {
      perSecond = Math.min(perSecond ?? Infinity, pace.perSecond);
      remaining = Math.min(remaining ?? Infinity, Math.max(0, Math.floor(pace.leftAt(nowMs))));
    }
    return { perSecond, remaining, readyAtMs, waitingFor: this.#reason(nowMs, readyAtMs) };
  }

  #reason(nowMs: Ms, readyAtMs: Ms): ThrottleSnapshot['waitingFor'] {
    if (readyAtMs <= nowMs) return 'nothing';
    if (this.#slots.isLed) return 'slot';
    return this.#retryAtMs >= readyAtMs ? 'retry_after' : 'pace';
  }

  #learnLimit(limit: Limit, admitted: boolean, ticket: Ticket, nowMs: Ms): void {
    const pace = this.#paceOf(limit, ticket);
    if (pace === undefined) return;
    const tokens = tokensOf(limit, ticket.cost);
    const sentTokens = ticket.sentTokens.get(limit.name) ?? tokens;
    const request: PacedRequest = { sentMs: ticket.sentMs, tokens, sentTokens };
    pace.learn(limit, admitted, request, nowMs);
  }

  #paceOf(limit: Limit, ticket: Ticket): QuotaPace | undefined {
    const known = this.#quotas.get(limit.name);
    const { tokens, periodMs } = limit;
    if (tokens === undefined || periodMs === undefined || !(tokens > 0) || !(periodMs > 0)) {
      return known?.pace;
    }
    const facts = { tokensPerMs: tokens / periodMs, burst: limit.burst ?? Infinity };
    if (known !== undefined) {
      known.limit = limit;
      known.pace.setFacts(facts);
      return known.pace;
    }
    if (this.#quotas.size >= mostQuotas) return undefined;
    const pace = new QuotaPace(facts, this.#options, this.#random);
    this.#quotas.set(limit.name, { limit, pace });
    for (const late of [ticket, ...this.#tickets.values()]) {
      late.sentTokens.set(limit.name, pace.sent(late.sentMs, tokensOf(limit, late.cost)));
    }
    pace.ended(ticket.sentMs, tokensOf(limit, ticket.cost), true);
    return pace;
  }
}

/**
 * The part of a cost that a quota counts. The draft has it that a policy without a unit counts
 * requests; weir, which always tells its burst, leaves the unit out for events alone.
 */
function tokensOf({ unit, burst }: Limit, cost: Cost): number {
  if (unit === 'bytes') return cost.bytes;
  return unit === 'requests' || burst === undefined ? cost.requests : cost.events;
}
