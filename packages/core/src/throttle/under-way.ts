import type { Cost } from '../admission.ts';
import type { Ms } from '../world/world.ts';

/** A request that was not replied to yet. */
export interface Ticket {
  readonly sent: number;
  readonly sentMs: Ms;
  readonly cost: Cost;
  /** By place of the quota: tokens sent until and with it. */
  readonly sentTokens: number[];
  /** The one sent after it. */
  readonly next: Ticket | undefined;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Beyond, the oldest count as lost. */
const mostUnderWay = 65_536;

/**
 * Requests under way, a chain from the oldest to the newest. Replies come nearly in that order, so
 * one is found at the first look; the ticket last taken out is used again, so that a sender of one
 * request at a time allocates nothing.
 */
export class UnderWay {
  #oldest: Writable<Ticket> | undefined;
  #newest: Writable<Ticket> | undefined;
  #spare: Writable<Ticket> | undefined;
  #size = 0;
  #sent = 0;

  get size(): number {
    return this.#size;
  }

  get newest(): Ticket | undefined {
    return this.#newest;
  }

  /** Of those under way now, the oldest first. */
  all(): readonly Ticket[] {
    const tickets: Ticket[] = [];
    for (let each: Ticket | undefined = this.#oldest; each !== undefined; each = each.next) {
      tickets.push(each);
    }
    return tickets;
  }

  add(sentMs: Ms, cost: Cost): Ticket {
    this.#sent += 1;
    const sent = this.#sent;
    const ticket = this.#spare ?? { sent, sentMs, cost, sentTokens: [], next: undefined };
    this.#spare = undefined;
    ticket.sent = sent;
    ticket.sentMs = sentMs;
    ticket.cost = cost;
    if (this.#newest === undefined) this.#oldest = ticket;
    else this.#newest.next = ticket;
    this.#newest = ticket;
    this.#size += 1;
    if (this.#size > mostUnderWay) this.take(this.#oldest?.sent ?? 0);
    return ticket;
  }

  /** Takes one out; it is good until the next `add`. undefined where it is not under way. */
  take(sent: number): Ticket | undefined {
    let before: Writable<Ticket> | undefined;
    let ticket = this.#oldest;
    while (ticket !== undefined && ticket.sent !== sent) {
      before = ticket;
      ticket = ticket.next;
    }
    if (ticket === undefined) return undefined;
    if (before === undefined) this.#oldest = ticket.next;
    else before.next = ticket.next;
    if (ticket.next === undefined) this.#newest = before;
    ticket.next = undefined;
    this.#size -= 1;
    this.#spare = ticket;
    return ticket;
  }
}
