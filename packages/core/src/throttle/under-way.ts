import type { Cost } from '../admission.ts';
import type { Ms } from '../world/world.ts';

/** A request that was not replied to yet. */
export interface Ticket {
  readonly sent: number;
  readonly sentMs: Ms;
  readonly cost: Cost;
  /** By place of the quota: tokens sent until and with it. */
  readonly sentTokens: number[];
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Beyond, the oldest count as lost. */
const mostUnderWay = 65_536;

/**
 * Requests under way, the oldest first. Replies come nearly in that order, so one is found at the
 * first look; the ticket last taken out is used again, so that a sender of one request at a time
 * allocates nothing.
 */
export class UnderWay {
  readonly #tickets: Writable<Ticket>[] = [];
  #spare: Writable<Ticket> | undefined;
  #sent = 0;

  get size(): number {
    return this.#tickets.length;
  }

  /** Of those under way now. */
  all(): readonly Ticket[] {
    return this.#tickets;
  }

  add(sentMs: Ms, cost: Cost): Ticket {
    this.#sent += 1;
    const ticket = this.#spare ?? { sent: 0, sentMs, cost, sentTokens: [] };
    this.#spare = undefined;
    ticket.sent = this.#sent;
    ticket.sentMs = sentMs;
    ticket.cost = cost;
    this.#tickets.push(ticket);
    if (this.#tickets.length > mostUnderWay) this.#tickets.shift();
    return ticket;
  }

  /** Takes one out; it is good until the next `add`. undefined where it is not under way. */
  take(sent: number): Ticket | undefined {
    const tickets = this.#tickets;
    for (let place = 0; place < tickets.length; place += 1) {
      const ticket = tickets[place] as Writable<Ticket>;
      if (ticket.sent !== sent) continue;
      if (tickets.length === 1) tickets.pop();
      else tickets.splice(place, 1);
      this.#spare = ticket;
      return ticket;
    }
    return undefined;
  }
}
