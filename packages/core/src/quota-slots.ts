import { type Cost, costIn, type Decision, type NamedQuota } from './admission.ts';
import type { Quota, Verdict } from './gcra.ts';
import { offerSlot, type SlotAsk, type SlotBounds } from './slots.ts';
import type { Us } from './world/world.ts';

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
  readonly #firstUs: Us[] = []; // by place: its next slot; Infinity where it has none
  readonly #laterUs: (Us[] | undefined)[] = []; // by place: those after it
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
    while ((this.#firstUs[place] as Us) + this.#bounds.expireUs < nowUs) this.#dropFirst(place);
    if ((this.#firstUs[place] as Us) <= nowUs) this.#dropFirst(place);
    const atUs = this.#slotFor(place, quota, verdict, { cost, nowUs });
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
    const columns = [this.#senders, this.#untilUs, this.#firstUs, this.#laterUs];
    for (const column of columns) column.length = 0;
  }

  /** A refused sender that holds a slot is told that one again; one that holds many, too. */
  #slotFor(
    place: number,
    quota: Quota,
    verdict: Verdict,
    { cost, nowUs }: Pick<SlotAsk, 'cost' | 'nowUs'>,
  ): Us | undefined {
    const firstUs = this.#firstUs[place] as Us;
    if (firstUs < Infinity && (!verdict.allowed || this.#holdsMany(place))) {
      return Math.max(firstUs, nowUs + (verdict.allowed ? 0 : verdict.retryAfterUs));
    }
    const ask = { cost, nowUs, cursorUs: this.#cursorUs, senders: this.#senders.length };
    const offer = offerSlot(quota, verdict, ask, this.#bounds);
    if (offer === undefined) return undefined;
    this.#cursorUs = offer.cursorUs;
    if (offer.isHeld) this.#hold(place, offer.atUs);
    return offer.atUs;
  }

  #holdsMany(place: number): boolean {
    return 1 + (this.#laterUs[place]?.length ?? 0) >= this.#bounds.mostLive;
  }

  #hold(place: number, atUs: Us): void {
    const later = this.#laterUs[place];
    if (this.#firstUs[place] === Infinity) this.#firstUs[place] = atUs;
    else if (later === undefined) this.#laterUs[place] = [atUs];
    else later.push(atUs);
  }

  #dropFirst(place: number): void {
    this.#firstUs[place] = this.#laterUs[place]?.shift() ?? Infinity;
  }

  /** The place of a new sender; -1 where there is none. */
  #welcome(sender: Sender): number {
    const place = this.#senders.length;
    if (place >= this.#bounds.mostSenders || this.#room.senders >= mostSendersInAll) return -1;
    this.#places.set(sender, place);
    this.#senders.push(sender);
    this.#untilUs.push(0);
    this.#firstUs.push(Infinity);
    this.#laterUs.push(undefined);
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
      const firstUs = this.#firstUs.pop() as Us;
      const laterUs = this.#laterUs.pop();
      this.#places.delete(gone);
      this.#room.senders -= 1;
      if (last === gone) continue;
      this.#senders[place] = last;
      this.#untilUs[place] = untilUs;
      this.#firstUs[place] = firstUs;
      this.#laterUs[place] = laterUs;
      this.#places.set(last, place);
    }
  }
}
