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

/** Drops what has expired, then the slot that this request came for: the first whose time is here. */
export function useSlot(live: Us[], nowUs: Us, expireUs: Us): void {
  while (live.length > 0 && (live[0] as Us) + expireUs < nowUs) live.shift();
  if (live.length > 0 && (live[0] as Us) <= nowUs) live.shift();
}
