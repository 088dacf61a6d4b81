import { type Cost, costIn, type Decision, type NamedQuota } from './admission.ts';
import { gcra, type Quota, type Verdict } from './gcra.ts';
import type { Us } from './world/world.ts';

/** How far hints may go. */
export interface SlotBounds {
  /** No slot lies further ahead. Who would get such a one is told to ask again after this long. */
  readonly longestAheadUs: Us;
  /** The same for who was let in: it may have no more to send, and those who wait surely have. */
  readonly longestNextUs: Us;
  /** A slot not used this long after its time is gone; who was told nothing counts for as long. */
  readonly expireUs: Us;
  /** Most slots that one sender holds of one quota. */
  readonly mostLive: number;
  /** Most senders counted for one quota; further ones are told nothing. */
  readonly mostSenders: number;
}

/** What servers use. */
export const slotBounds: SlotBounds = {
  longestAheadUs: 240_000_000, // ten thousand on 50/s wait 200 s: at 120 s they stampede once more
  longestNextUs: 90_000_000, // a hundred senders on 1.25/s come every 80 s: at 60 s a third is refused
  expireUs: 2_000_000,
  mostLive: 16,
  mostSenders: 16_384,
};

/** What a slot of one quota is asked for with. */
export interface SlotAsk {
  /** Tokens of this quota that the request just answered asked for; the slot is for as many. */
  readonly cost: number;
  readonly nowUs: Us;
  /** The last slot given of this quota; 0 where none was. */
  readonly cursorUs: Us;
  /** Named senders that use the quota at present, this one included. */
  readonly senders: number;
}

/** What a sender is told, and where the cursor stands then. */
export interface SlotOffer {
  /** When to come next: never earlier than the same cost could pass. */
  readonly atUs: Us;
  readonly cursorUs: Us;
  /** False where the queue is too long: `atUs` is then merely when to ask again. */
  readonly isHeld: boolean;
}

/**
 * Whose turn is when, on one quota that several senders share near its limit: the slot after the
 * last one given, later by the time that its cost takes to earn. undefined while nobody need wait:
 * the sender passed and is alone, or each of them could send as much once more right now.
 *
 * Pure, in whole µs, so that Redis and JavaScript agree. A slot is advice and changes no decision.
 * Where all keep to theirs, all pass: each comes when the tokens of the earlier slots and its own
 * are earned, as long as the burst holds what is earned while they are on their way.
 *
 * @param verdict on the request just answered, as `decide` gives it
 */
export function offerSlot(
  quota: Quota,
  verdict: Verdict,
  { cost, nowUs, cursorUs, senders }: SlotAsk,
  bounds: SlotReach,
): SlotOffer | undefined {
  if (!isContended(verdict, cost, senders)) return undefined;
  const waitUs = untilPasses(quota, verdict, cost, nowUs);
  const spanUs = Math.ceil((cost * quota.p) / quota.r);
  return placeSlot({ allowed: verdict.allowed, nowUs, waitUs, spanUs, cursorUs }, bounds);
}

export type SlotReach = Pick<SlotBounds, 'longestAheadUs' | 'longestNextUs'>;

/** Where a slot goes, once it is known that one is due. */
export interface SlotPlace extends Pick<SlotAsk, 'nowUs' | 'cursorUs'> {
  /** Whether the request just answered was let in. */
  readonly allowed: boolean;
  /** Until the same cost passes. */
  readonly waitUs: Us;
  /** How long its tokens take to earn. */
  readonly spanUs: Us;
}

/** After the last one; or, where that is too far ahead, when to ask again. */
export function placeSlot(
  { allowed, nowUs, waitUs, spanUs, cursorUs }: SlotPlace,
  { longestAheadUs, longestNextUs }: SlotReach,
): SlotOffer {
  const passesAtUs = nowUs + waitUs;
  const lastUs = Math.min(cursorUs, nowUs + longestAheadUs); // beyond only where a clock stepped back
  const furthestUs = nowUs + (allowed ? longestNextUs : longestAheadUs);
  const atUs = Math.max(passesAtUs, lastUs + spanUs);
  if (atUs <= furthestUs) return { atUs, cursorUs: atUs, isHeld: true };
  return { atUs: Math.max(passesAtUs, furthestUs), cursorUs: lastUs, isHeld: false };
}

/**
 * Whether senders must take turns: several share the quota, and it has no such cost for each. Who is
 * refused gets a turn even where nobody else is known yet: else the next to come would be given the
 * very token that this one was told to come back for.
 */
export function isContended(
  { allowed, oversize, remaining }: Pick<Verdict, 'allowed' | 'oversize' | 'remaining'>,
  cost: number,
  senders: number,
): boolean {
  if (cost === 0 || oversize) return false;
  return !allowed || (senders >= 2 && remaining <= senders * cost);
}

/** From now until the same cost passes once more; 0 where it does already. */
function untilPasses(quota: Quota, verdict: Verdict, cost: number, nowUs: Us): Us {
  if (!verdict.allowed) return verdict.retryAfterUs;
  if (verdict.remaining >= cost) return 0;
  return gcra(quota, verdict.next, nowUs, cost).retryAfterUs;
}

/** Names a sender among those of its tenant. */
export type Sender = string | number;

/** One quota, with the name under which its state is kept. */
export interface KeyedQuota extends NamedQuota {
  readonly stateKey: string;
}

/** A request that was decided on, as far as slots are concerned. */
export interface Decided {
  readonly quotas: readonly KeyedQuota[];
  readonly decision: Decision;
  readonly cost: Cost;
}

/** Most senders remembered in all: about 30 MB. */
const mostSendersInAll = 131_072;
const sweptPerNewQuota = 2;

/**
 * The slots of all quotas that one process decides on alone. Bounded: at most 131,072 senders in all,
 * beyond which new ones are told nothing; what nobody uses any more goes as others come.
 */
export class Slots {
  readonly #bounds: SlotBounds;
  readonly #room = { senders: 0 };
  readonly #quotas = new Map<string, QuotaSlots>();
  #sweep = this.#quotas.entries();

  constructor(bounds: SlotBounds) {
    this.#bounds = bounds;
  }

  /** Senders remembered now. */
  get size(): number {
    return this.#room.senders;
  }

  /**
   * How long after this reply its sender should send again, at the same cost; undefined where it
   * need not wait for others. The longest over its quotas, and at least `retryAfterUs`. To be asked
   * once for every request of a named sender, whatever was decided.
   */
  tell(sender: Sender, { quotas, decision, cost }: Decided, nowUs: Us): Us | undefined {
    let toldUs: Us | undefined;
    for (let i = 0; i < quotas.length; i += 1) {
      const { stateKey, unit, quota, shadow } = quotas[i] as KeyedQuota;
      if (shadow === true) continue; // it refuses nobody
      const verdict = decision.verdicts[i] as Verdict;
      const tokens = costIn(unit, cost);
      const atUs = this.#slotsOf(stateKey, nowUs).tell(sender, quota, verdict, {
        cost: tokens,
        nowUs,
      });
      if (atUs !== undefined && (toldUs === undefined || atUs > toldUs)) toldUs = atUs;
    }
    return toldUs === undefined ? undefined : Math.max(toldUs - nowUs, decision.retryAfterUs);
  }

  #slotsOf(stateKey: string, nowUs: Us): QuotaSlots {
    const known = this.#quotas.get(stateKey);
    if (known !== undefined) return known;
    this.#dropIdle(nowUs);
    const slots = new QuotaSlots(this.#bounds, this.#room);
    this.#quotas.set(stateKey, slots);
    return slots;
  }

  /** Goes on where it stopped: each new quota pays for looking at two old ones. */
  #dropIdle(nowUs: Us): void {
    for (let i = 0; i < sweptPerNewQuota; i += 1) {
      const { value, done } = this.#sweep.next();
      if (done) {
        this.#sweep = this.#quotas.entries();
        return;
      }
      const [stateKey, slots] = value;
      if (slots.isIdle(nowUs)) {
        slots.clear();
        this.#quotas.delete(stateKey);
      }
    }
  }
}

const sweepEveryUs = 1_000_000;

/**
 * The slots of one quota, and who uses it. A sender has a place in arrays of numbers: to sweep ten
 * thousand of them once a second would else cost more than all decisions.
 */
export class QuotaSlots {
  readonly #bounds: SlotBounds;
  readonly #room: { senders: number };
  readonly #places = new Map<Sender, number>();
  readonly #senders: Sender[] = []; // by place
  readonly #untilUs: Us[] = []; // by place: until when it counts
  readonly #live: Us[][] = []; // by place: its slots, the next one first
  #cursorUs: Us = 0;
  #sweepAtUs: Us = 0;
  #idleAtUs: Us = 0;

  /** @param room counts senders of this quota and of others that share it */
  constructor(bounds: SlotBounds, room: { senders: number } = { senders: 0 }) {
    this.#bounds = bounds;
    this.#room = room;
  }

  /** When its sender should send again; undefined where it need not wait. To be asked as `Slots.tell`. */
  tell(
    sender: Sender,
    quota: Quota,
    verdict: Verdict,
    { cost, nowUs }: Pick<SlotAsk, 'cost' | 'nowUs'>,
  ): Us | undefined {
    if (nowUs >= this.#sweepAtUs) this.#forgetQuiet(nowUs);
    const place = this.#places.get(sender) ?? this.#welcome(sender);
    if (place < 0) return undefined;
    const live = this.#live[place] as Us[];
    useSlot(live, nowUs, this.#bounds.expireUs);
    const atUs = this.#slotFor(live, quota, verdict, { cost, nowUs });
    const quietUs = Math.min(verdict.retryAfterUs, this.#bounds.longestAheadUs);
    const untilUs = Math.max(atUs ?? nowUs, nowUs + quietUs) + this.#bounds.expireUs;
    this.#untilUs[place] = untilUs;
    if (untilUs > this.#idleAtUs) this.#idleAtUs = untilUs;
    return atUs;
  }

  isIdle(nowUs: Us): boolean {
    return this.#idleAtUs < nowUs;
  }

  clear(): void {
    this.#room.senders -= this.#senders.length;
    this.#places.clear();
    for (const column of [this.#senders, this.#untilUs, this.#live]) column.length = 0;
  }

  /** A refused sender that holds a slot is told that one again; one that holds many, too. */
  #slotFor(
    live: Us[],
    quota: Quota,
    verdict: Verdict,
    { cost, nowUs }: Pick<SlotAsk, 'cost' | 'nowUs'>,
  ): Us | undefined {
    const isTold = live.length > 0 && (!verdict.allowed || live.length >= this.#bounds.mostLive);
    if (isTold) {
      return Math.max(live[0] as Us, nowUs + (verdict.allowed ? 0 : verdict.retryAfterUs));
    }
    const ask = { cost, nowUs, cursorUs: this.#cursorUs, senders: this.#senders.length };
    const offer = offerSlot(quota, verdict, ask, this.#bounds);
    if (offer === undefined) return undefined;
    this.#cursorUs = offer.cursorUs;
    if (offer.isHeld) live.push(offer.atUs);
    return offer.atUs;
  }

  /** The place of a new sender; -1 where there is none. */
  #welcome(sender: Sender): number {
    const place = this.#senders.length;
    if (place >= this.#bounds.mostSenders || this.#room.senders >= mostSendersInAll) return -1;
    this.#places.set(sender, place);
    this.#senders.push(sender);
    this.#untilUs.push(0);
    this.#live.push([]);
    this.#room.senders += 1;
    return place;
  }

  /** Once a second, all at once: the last one takes the place of who has gone. */
  #forgetQuiet(nowUs: Us): void {
    this.#sweepAtUs = nowUs + sweepEveryUs;
    for (let place = this.#senders.length - 1; place >= 0; place -= 1) {
      if ((this.#untilUs[place] as Us) >= nowUs) continue;
      const gone = this.#senders[place] as Sender;
      const last = this.#senders.pop() as Sender;
      const untilUs = this.#untilUs.pop() as Us;
      const live = this.#live.pop() as Us[];
      this.#places.delete(gone);
      this.#room.senders -= 1;
      if (last === gone) continue;
      this.#senders[place] = last;
      this.#untilUs[place] = untilUs;
      this.#live[place] = live;
      this.#places.set(last, place);
    }
  }
}

/** Drops what has expired, then the slot that this request came for: the first whose time is here. */
export function useSlot(live: Us[], nowUs: Us, expireUs: Us): void {
  while (live.length > 0 && (live[0] as Us) + expireUs < nowUs) live.shift();
  if (live.length > 0 && (live[0] as Us) <= nowUs) live.shift();
}
